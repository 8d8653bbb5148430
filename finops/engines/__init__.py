"""Where SQL runs. Everything above the marts reads them in DuckDB, whichever engine built them."""
