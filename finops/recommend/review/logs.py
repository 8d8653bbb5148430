"""Retention of CloudWatch Logs: Terraform, and for what a standard decides the parameters of the call."""

from __future__ import annotations

from collections.abc import Iterator

from finops.config.lifecycle import RETENTION_DAYS
from finops.output.hcl import Block, Raw, label
from finops.recommend.review.asked import Asked, Place, by_place
from finops.recommend.review.piece import Left, Piece, as_json, file_name
from finops.recommend.review.terraform import tf_file

_TYPE = "aws_cloudwatch_log_group"
_WHAT = "Retention of log groups. Where another configuration has the group, set retention_in_days there instead."
_WARNING = "What is older is deleted for good, within 72 hours. The plan must show a change of retention only."
_Group = tuple[str, int | None, tuple[str, ...]]


def pieces(asked: Asked) -> Iterator[Piece | Left]:
    """A file per account and region with every group, and a call for each whose days the settings tell."""
    found = list(_groups(asked))
    for one in found:
        if isinstance(one, Left):
            yield one
    groups = [one for one in found if not isinstance(one, Left)]
    for place, here in by_place(groups):
        blocks = [block for group in here for block in _blocks(group)]
        yield from tf_file(place, "log-retention", _WHAT, blocks, [name for group in here for name in group[2]])
    for _, (name, days, ids) in groups:
        if days is not None:
            call = as_json({"logGroupName": name, "retentionInDays": days})
            about = f"{name}: {days} days, for aws logs put-retention-policy --cli-input-json"
            yield Piece(f"logs/{file_name(name)}.put-retention.json", call, about, ids)


def _groups(asked: Asked) -> Iterator[tuple[Place, _Group] | Left]:
    """Each group once: its days by the standard, or None where advice names it and nobody has chosen days."""
    decided = set()
    named = {(one.place, group_name(one["resource_id"])): one for one in asked.of("logs_retention")}
    for held in asked.standards:
        standard = asked.log_standard(held)
        if standard is None:
            continue
        decided.add((held.place, held.resource))
        advice = named.get((held.place, held.resource))
        ids = (*asked.ids_of_standard(held), *([advice.id] if advice else []))
        if held.is_kept:
            yield Left(f"the standard {standard.name} on {held.resource}", "the bill shows that it holds already", ids)
        else:
            yield held.place, (held.resource, standard.retention_days, ids)
    for (place, name), one in named.items():
        if (place, name) not in decided:
            yield place, (name, None, (one.id,))


def group_name(resource_id: str) -> str:
    """The name of a log group without its ARN."""
    return resource_id.partition(":log-group:")[2].removesuffix(":*") or resource_id


def _blocks(group: _Group) -> Iterator[Block]:
    name, days, _ = group
    known_as = label(name)
    if days is None:
        yield _question(name, f"retention_of_{known_as}")
    yield Block("import", (), {"to": Raw(f"{_TYPE}.{known_as}"), "id": name})
    retention = days if days is not None else Raw(f"var.retention_of_{known_as}")
    yield Block("resource", (_TYPE, known_as), {"name": name, "retention_in_days": retention}, comment=_WARNING)


def _question(name: str, variable: str) -> Block:
    """A number that nobody has chosen is asked for, and only one that CloudWatch Logs takes is taken."""
    allowed = ", ".join(map(str, RETENTION_DAYS))
    check = Block(
        "validation",
        (),
        {
            "condition": Raw(f"contains([{allowed}], var.{variable})"),
            "error_message": "CloudWatch Logs has no such retention.",
        },
    )
    described = f"Days to keep the logs of {name}: no standard of [lifecycle] says how many."
    return Block("variable", (variable,), {"type": Raw("number"), "description": described}, [check])
