"""Billing exports into the ledger: find the deliveries, keep their rows, build the marts, commit."""
