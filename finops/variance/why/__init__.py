"""Why cost changed between two spans of days: effects that add up to the change, to the last decimal."""
