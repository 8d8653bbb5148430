"""The one door to AWS: only the read-only calls of calls.csv pass it, each is counted, paid ones are priced."""

from finops.aws.door import Calls, Door, open_door
from finops.aws.permissions import Call, iam_policy, known_calls
from finops.aws.refusals import aws_error, aws_errors

__all__ = ["Call", "Calls", "Door", "aws_error", "aws_errors", "iam_policy", "known_calls", "open_door"]
