"""The facts of the cost report: what it says, before anyone decides how it looks."""
