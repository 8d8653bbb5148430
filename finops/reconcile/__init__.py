"""Ties the export to Cost Explorer, to its invoices or to another export, and names each difference."""
