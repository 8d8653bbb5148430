"""Billing exports in S3: found by listing, chosen as in folders, fetched only where they changed."""

from finops.ingest.s3.address import Address, is_address, parse_address
from finops.ingest.s3.fetch import to_fetch
from finops.ingest.s3.room import free_room, room_needed
from finops.ingest.s3.survey import survey_s3

__all__ = [
    "Address",
    "free_room",
    "is_address",
    "parse_address",
    "room_needed",
    "survey_s3",
    "to_fetch",
]
