"""The ledger: loading a delivery into it, whole or not at all."""
