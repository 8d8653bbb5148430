"""News of a saved answer, told once to the people who can act on them."""
