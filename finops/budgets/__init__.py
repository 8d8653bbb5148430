"""Budgets held against the bill."""
