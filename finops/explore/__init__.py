"""The explorer: a page on this machine that slices spend, drills to line items, compares, and says how to repeat it."""
