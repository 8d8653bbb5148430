"""The whole cost report: the sections that need findings and advice beside those that the marts alone tell."""
