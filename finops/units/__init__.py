"""Unit economics: what an order, a user or a unit of revenue costs."""
