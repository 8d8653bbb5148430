"""Cost figures in architecture documents: read with file and line, checked, and kept in a file to review."""
