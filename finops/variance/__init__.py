"""What documents promise, held against the bill."""
