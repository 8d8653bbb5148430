"""A finding traced back to what it was computed from: settings, rows of the mart, line items of the export."""
