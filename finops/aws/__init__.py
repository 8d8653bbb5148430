"""The one door to AWS: only the read-only calls of calls.csv pass it, each is counted, paid ones are priced."""

from finops.aws.door import Calls, Door, open_door
from finops.aws.objects import Replaced, WrongBytes, chunks, object_errors
from finops.aws.permissions import Call, iam_policy, known_calls
from finops.aws.refusals import BrokenOff, aws_error, aws_errors

__all__ = [
    "BrokenOff",
    "Call",
    "Calls",
    "Door",
    "Replaced",
    "WrongBytes",
    "aws_error",
    "aws_errors",
    "chunks",
    "iam_policy",
    "known_calls",
    "object_errors",
    "open_door",
]
