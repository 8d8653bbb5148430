"""Cost Explorer as a source: which requests a span needs, their answers on disk, the groups in them."""
