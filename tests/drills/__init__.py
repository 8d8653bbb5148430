"""Attempts to break the ledger. A drill is one function that returns a tally of what it tried and what it found."""
