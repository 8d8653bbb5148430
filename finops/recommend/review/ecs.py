"""Capacity provider strategies of ECS clusters: Fargate Spot beside a base of Fargate."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from finops.output.hcl import Block, Raw, label, text
from finops.recommend.review.asked import Advice, Asked, by_place
from finops.recommend.review.piece import Left, Piece
from finops.recommend.review.terraform import tf_file

_TYPE = "aws_ecs_cluster_capacity_providers"
_VARIABLE = "clusters_of_fargate_only"
_SERVICES = ("AmazonECS", "AmazonEKS")
_WHAT = "Fargate Spot beside Fargate. Services that name a launch type or a strategy of their own need it there."
_ASK = (
    "Clusters of which you have seen that `aws ecs describe-clusters` names no capacity provider but FARGATE and "
    "FARGATE_SPOT: this replaces all of them, and the default strategy."
)


def pieces(asked: Asked) -> Iterator[Piece | Left]:
    """A file of Terraform per account and region; what is not Fargate, or saves nothing, is in none."""
    advice = []
    for one in asked.of("spot"):
        if one["service"] not in _SERVICES:
            yield Left(f"Spot for {one['resource_id']}", "its group is not Terraform that a bill knows", (one.id,))
        elif not one.saves:
            why = "its rate is not known" if one.saving is None else "it saves nothing today"
            yield Left(f"Fargate Spot for {one['resource_id']}", why, (one.id,))
        else:
            advice.append((one.place, one))
    share = asked.settings.spot.share
    for place, here in by_place(advice):
        blocks = [_variable(), *(_strategy(one, int(share)) for one in here)]
        yield from tf_file(place, "ecs-capacity-providers", _WHAT, blocks, [one.id for one in here])


def _variable() -> Block:
    return Block("variable", (_VARIABLE,), {"type": Raw("set(string)"), "description": _ASK})


def _strategy(one: Advice, share: int) -> Block:
    """One task on Fargate first, then as many of each as the share of `[spot]` says."""
    name, (stays, moves) = str(one["resource_id"]), weights(share)
    part = "default_capacity_provider_strategy"
    blocks = [
        Block(part, (), {"capacity_provider": "FARGATE", "base": 1, "weight": stays}),
        Block(part, (), {"capacity_provider": "FARGATE_SPOT", "weight": moves}),
    ]
    seen = {"condition": Raw(f"contains(var.{_VARIABLE}, {text(name)})"), "error_message": _ASK}
    guard = Block("lifecycle", (), {}, [Block("precondition", (), seen)])
    arguments = {"cluster_name": name, "capacity_providers": ["FARGATE", "FARGATE_SPOT"]}
    return Block("resource", (_TYPE, label(name)), arguments, [*blocks, guard])


def weights(share: int) -> tuple[int, int]:
    """The smallest weights of Fargate and Fargate Spot for a share in percent on Spot."""
    common = gcd(100 - share, share)
    return (100 - share) // common, share // common
