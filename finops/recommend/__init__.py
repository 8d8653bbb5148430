"""Advice with arithmetic: what to change, what it saves a month, what that is computed from, what would make it wrong.

A recommender is a module that returns `Recommendation`s, and a verb `finops recommend WORD` that writes them with
`document`.
"""

from finops.recommend.row import COLUMNS, HOURS_PER_MONTH, Class, Recommendation, document, monthly

__all__ = ["COLUMNS", "HOURS_PER_MONTH", "Class", "Recommendation", "document", "monthly"]
