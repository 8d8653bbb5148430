"""Files of Terraform: a folder for each account and region, with a provider that refuses any other account."""

from __future__ import annotations

from collections.abc import Sequence

from finops.output.hcl import Block, comment, render
from finops.recommend.review.asked import Place
from finops.recommend.review.piece import Piece, file_name

_HEAD = "# {what}\n# Written by finops for review; nothing was executed.\n"
# Blocks of import, and the minimum size of objects in a lifecycle configuration.
_TERRAFORM, _PROVIDER = ">= 1.5", ">= 5.86"


def folder_of(place: Place) -> str:
    """The folder below the review for an account and region."""
    return f"terraform/{file_name(place.account or 'account')}-{file_name(place.region or 'region')}"


def tf_file(place: Place, name: str, what: str, blocks: Sequence[Block], ids: Sequence[str]) -> list[Piece]:
    """The file of one kind of change, and the provider beside it."""
    return [
        Piece(f"{folder_of(place)}/{name}.tf", text_of(what, blocks), what, tuple(dict.fromkeys(ids))),
        Piece(f"{folder_of(place)}/provider.tf", _provider(place), "leave it out where you have one"),
    ]


def text_of(what: str, blocks: Sequence[Block]) -> str:
    """Blocks behind a line that says what they are."""
    return "\n".join([_HEAD.format(what=comment(what)), "\n\n".join(map(render, blocks)), ""])


def _provider(place: Place) -> str:
    aws = Block("provider", ("aws",), {"region": place.region, "allowed_account_ids": [place.account]})
    needed = {"aws": {"source": "hashicorp/aws", "version": _PROVIDER}}
    terraform = Block("terraform", (), {"required_version": _TERRAFORM}, [Block("required_providers", (), needed)])
    return text_of("The account and region that the files beside it are for; leave it out where you have one.",
                   [terraform, aws])  # fmt: skip
