"""Advice that was accepted: what it promised, what the resource cost before, and what later bills show of it."""
