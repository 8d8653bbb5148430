"""What an examination says of cost allocation tags: which required keys reach the bill, and since when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doctor_world import (
    TAGS,
    World,
    look,
    moto,
    tag,
    unwell,
    world,
)

__all__ = ["look", "moto", "world"]


# --- tags --------------------------------------------------------------------------------------


def with_tags(world: World, *tags: dict[str, str], keys: str = "") -> None:
    world.aws.answers[TAGS] = {"CostAllocationTags": [tag("Environment"), *tags]}
    (world.home / "finops.toml").write_text(f'[tags]\nrequired = ["Environment", "Owner"]\n{keys}')


def test_a_tag_that_is_inactive_comes_with_the_command_that_activates_it(world: World, look: Any) -> None:
    with_tags(world, tag("Owner", "Inactive"))
    row = look(3)["tag", "Owner"]
    assert row["state"] == "problem"
    assert row["next_step"].endswith("TagKey=Owner,Status=Active")


def test_a_tag_that_aws_does_not_know_is_on_no_resource(world: World, look: Any) -> None:
    with_tags(world)
    row = look(3)["tag", "Owner"]
    assert (row["state"], "no such key" in row["detail"]) == ("problem", True)


@pytest.mark.parametrize(("spelling", "keys"), [("owner", ""), ("team", '[tags.keys]\nOwner = ["team"]\n')])
def test_another_spelling_that_is_active_counts_as_the_ledger_counts_it(
    spelling: str, keys: str, world: World, look: Any
) -> None:
    with_tags(world, tag(spelling), keys=keys)
    row = look(0)["tag", "Owner"]
    assert row["detail"] == f"active as {spelling}, reaches back to 2026-01-05"


def test_another_spelling_does_not_make_up_for_the_key_itself_being_inactive(world: World, look: Any) -> None:
    with_tags(world, tag("owner"), tag("Owner", "Inactive"))
    row = look(3)["tag", "Owner"]
    assert (row["state"], row["detail"]) == ("problem", "inactive; only owner is active")


def test_an_inactive_spelling_beside_the_active_key_is_mentioned(world: World, look: Any) -> None:
    with_tags(world, tag("Owner"), tag("owner", "Inactive"))
    row = look(0)["tag", "Owner"]
    assert "owner is inactive" in row["detail"]
    assert "TagKey=owner,Status=Active" in row["next_step"]


def test_a_tag_activated_after_the_first_loaded_day_asks_for_a_backfill(world: World, look: Any) -> None:
    with_tags(world, tag("Owner", since="2026-10-03T08:00:00Z"))
    row = look(3)["tag", "Owner"]
    assert "active, reaches back to 2026-10-03; usage before that counts as untagged" in row["detail"]
    assert row["next_step"].endswith("--backfill-from 2026-10-01T00:00:00Z")


@pytest.mark.parametrize(("asked", "state"), [("2026-10-04T00:00:00Z", "ok"), ("2026-10-02T00:00:00Z", "problem")])
def test_a_backfill_reaches_back_for_the_keys_that_were_active_when_it_was_asked_for(
    asked: str, state: str, world: World, look: Any
) -> None:
    with_tags(world, tag("Owner", since="2026-10-03T08:00:00Z"))
    done = {"BackfillFrom": "2026-08-01T00:00:00Z", "RequestedAt": asked, "BackfillStatus": "SUCCEEDED"}
    failed = {"BackfillFrom": "2026-01-01T00:00:00Z", "RequestedAt": asked, "BackfillStatus": "FAILED"}
    world.aws.answers["ce", "ListCostAllocationTagBackfillHistory"] = {"BackfillRequests": [failed, done]}
    rows = look(0 if state == "ok" else 3)
    assert rows["tag", "Owner"]["state"] == state
    assert "2026-08-01" in rows["backfill", ""]["detail"]


def test_tags_cannot_be_checked_by_settings_that_cannot_be_read(world: World, look: Any) -> None:
    (world.home / "finops.toml").write_text("[tags]\nrequire = []\n")
    rows = look(3)
    assert unwell(rows, "problem") == {("settings", "")}
    assert unwell(rows, "could not check") == {("required tags", "")}
