"""Advice as files to review: what each format reads back as, and what no file does."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finops.cli import main
from finops.config import parse_settings
from finops.errors import UsageError
from finops.recommend.review import write_review
from finops.recommend.review.s3_merge import merged as merge
from finops.recommend.review.s3_rules import EVERYTHING, Rule
from finops.recommend.review.tickets import care
from finops.recommend.row import document
from tests.review_files import BASIS, advice, faults, files, review, terraform
from tests.stored_export import daily, requests, standard, stored

GIB = 2**30
Run = Callable[..., int]
SETTINGS = """
[owners.accounts]
"000000000002" = "storage"

[[lifecycle.s3]]
name = "query results"
buckets = ["results"]
expire_days = 7

[[lifecycle.logs]]
name = "application logs"
groups = ["/app/*"]
retention_days = 90
"""
GROUP = "arn:aws:logs:us-east-1:000000000002:log-group:{}"
EXISTING = {
    "TransitionDefaultMinimumObjectSize": "varies_by_storage_class",
    "Rules": [
        {"ID": "tmp", "Prefix": "tmp/", "Status": "Enabled", "Expiration": {"Days": 120}},
        {
            "ID": "tagged",
            "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "${v}"}], "ObjectSizeGreaterThan": 5}},
            "Status": "Disabled",
            "NoncurrentVersionTransitions": [{"NoncurrentDays": 30, "StorageClass": "GLACIER"}],
        },
    ],
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bill with a cold bucket, one with unfinished uploads, results, logs, images and a gp2 volume."""
    rows = [
        *standard("cold", 10 * 1024),
        *standard("results", 100),
        *standard("uploads", 100),
        *requests("uploads", "Requests-Tier1", "InitiateMultipartUpload", 10, "0.000005"),
        *requests("uploads", "Requests-Tier1", "CompleteMultipartUpload", 8, "0.000005"),
        *daily("AmazonCloudWatch", GROUP.format("/app/web"), "TimedStorage-ByteHrs", Decimal(10), "0.03", ""),
        *daily("AmazonCloudWatch", GROUP.format("/audit"), "TimedStorage-ByteHrs", Decimal(10), "0.03", ""),
        *daily("AmazonECR", "arn:aws:ecr:us-east-1:000000000002:repository/team/web", "TimedStorage-ByteHrs",
               Decimal(10), "0.1", ""),
        *daily("AmazonEC2", "vol-1", "EBS:VolumeUsage.gp2", Decimal(2000) / 31, "0.1", "CreateVolume-Gp2"),
    ]  # fmt: skip
    return stored(tmp_path_factory.mktemp("review"), rows)


@pytest.fixture(scope="module")
def run(database: Path) -> Run:
    """The verb with sizes of the cold bucket known; its exit code."""
    home = database.parent
    (home / "finops.toml").write_text(SETTINGS)
    (home / "sizes.csv").write_text(f"bucket,objects,bytes\ncold,{10 * 1024 * 1024},{10 * 1024 * GIB}\n")

    def call(*options: str) -> int:
        words = ["recommend", "lifecycle", "--db", str(database), "--inventory", str(home / "sizes.csv")]
        return main([*words, "--config", str(home / "finops.toml"), "-o", str(home / "rows"), *options])

    return call


@pytest.fixture(scope="module")
def written_once(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "review"
    assert run("--write", str(folder)) == 0
    return folder


@pytest.fixture
def folder(written_once: Path, tmp_path: Path) -> Path:
    """What the verb wrote, for a test to read or to change."""
    return shutil.copytree(written_once, tmp_path / "review")


@pytest.fixture(scope="module")
def merged(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the rules that the cold bucket has."""
    home = tmp_path_factory.mktemp("merged")
    assert run("--write", str(home / "out"), "--existing", str(saved(home, "cold", EXISTING))) == 0
    return home / "out"


def saved(folder: Path, bucket: str, answer: object) -> Path:
    """An answer of S3 about a bucket, as a file."""
    path = folder / f"{bucket}.json"
    path.write_text(answer if isinstance(answer, str) else json.dumps(answer))
    return path


def test_without_the_rules_of_a_bucket_no_file_could_replace_them(folder: Path) -> None:
    written = files(folder)
    assert {name for name in written if name.startswith("s3/cold")} == {"s3/cold.fragment.hcl", "s3/cold.fragment.json"}
    assert "RulesToMerge" in faults(folder / "s3/cold.fragment.json", "s3", "PutBucketLifecycleConfiguration")
    assert set(terraform(folder / "s3/cold.fragment.hcl")) == {"rule"}
    assert "aws_s3_bucket_lifecycle_configuration" not in "".join(
        text for name, text in written.items() if name.endswith(".tf")
    )
    assert "--existing" in written["s3/README.md"]


def test_with_them_the_file_is_whole_and_has_every_rule_that_was_there(merged: Path) -> None:
    path = merged / "s3/cold.put.json"
    assert faults(path, "s3", "PutBucketLifecycleConfiguration") == ""
    body = json.loads(path.read_text())
    assert (body["Bucket"], body["ExpectedBucketOwner"]) == ("cold", "000000000002")
    assert body["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    first, second, new = body["LifecycleConfiguration"]["Rules"]
    # S3 takes no bare prefix beside a filter
    assert first == {"ID": "tmp", "Filter": {"Prefix": "tmp/"}, "Status": "Enabled", "Expiration": {"Days": 120}}
    assert second == EXISTING["Rules"][1]  # type: ignore[index]
    assert new["Transitions"] == [{"Days": 30, "StorageClass": "STANDARD_IA"}]


def test_terraform_of_a_bucket_imports_it_and_has_every_rule_too(merged: Path) -> None:
    found = terraform(merged / "terraform/000000000002-us-east-1/s3-lifecycle.tf")
    assert found["import"][0]["id"] == "cold"
    resource = found["resource"][0]["aws_s3_bucket_lifecycle_configuration"]["cold"]
    assert [rule["id"] for rule in resource["rule"]] == ["tmp", "tagged", "finops-to-STANDARD_IA"]
    tagged = resource["rule"][1]
    assert tagged["filter"][0]["and"][0] == {"prefix": "a/", "object_size_greater_than": 5, "tags": {"k": "${v}"}}
    assert tagged["noncurrent_version_transition"] == [{"noncurrent_days": 30, "storage_class": "GLACIER"}]
    provider = terraform(merged / "terraform/000000000002-us-east-1/provider.tf")["provider"][0]["aws"]
    assert provider == {"region": "us-east-1", "allowed_account_ids": ["000000000002"]}


COLD = advice("s3_storage_class", "cold", more={"storage_class": "STANDARD_IA"})


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"ID": "finops-to-STANDARD_IA", "Expiration": {"Days": 900}}, "says something else"),
        ({"Filter": {"Prefix": "x/"}, "Transitions": [{"Days": 9, "StorageClass": "GLACIER"}]}, "begins with x/"),
        ({"ID": "a", "Expiration": {"Days": 59}}, "objects expire at 59 days"),
        ({"ID": "a", "Expiration": {"Date": "2027-01-01"}}, "expires objects on a date"),
        ({"ID": "a", "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]}, "says the same already"),
    ],
)
def test_what_contradicts_a_rule_that_is_there_is_not_written_and_says_why(
    tmp_path: Path, rule: dict[str, object], word: str
) -> None:
    answer = {"Rules": [{"Status": "Enabled", "Filter": {}, **rule}]}
    done = review(tmp_path / "out", [COLD], existing=saved(tmp_path, "cold", answer))
    written = files(tmp_path / "out")
    assert not [name for name in written if "cold" in name or name.endswith(".tf")]
    assert word in written["README.md"]
    assert [one.ids for one in done.left] == [(COLD.id,)]


@pytest.mark.parametrize(
    "rule",
    [
        {"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 60}},
        {"ID": "a", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 1}},
    ],
)
def test_a_rule_that_is_off_or_expires_after_the_minimum_days_is_no_conflict(
    tmp_path: Path, rule: dict[str, object]
) -> None:
    review(tmp_path / "out", [COLD], existing=saved(tmp_path, "cold", {"Rules": [rule]}))
    assert "s3/cold.put.json" in files(tmp_path / "out")


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"Rules": 1}', '{"Rules": [], "Error": "AccessDenied"}'])
def test_an_answer_that_is_none_is_refused_before_anything_is_written(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        review(tmp_path / "out", [COLD], existing=saved(tmp_path, "cold", text))
    assert not (tmp_path / "out").exists()


def test_an_answer_about_a_bucket_nobody_advises_on_is_a_misnamed_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no advice about a bucket clod"):
        review(tmp_path / "out", [COLD], existing=saved(tmp_path, "clod", {"Rules": []}))


def test_a_folder_of_answers_is_by_bucket_and_a_bucket_without_one_stays_a_fragment(tmp_path: Path) -> None:
    answers = tmp_path / "existing"
    answers.mkdir()
    saved(answers, "cold", {"Rules": []})
    other = advice("s3_multipart", "uploads", saving=None)
    review(tmp_path / "out", [COLD, other], existing=answers)
    names = set(files(tmp_path / "out"))
    assert {"s3/cold.put.json", "s3/uploads.fragment.json"} <= names
    # nothing is there that could be imported
    assert "import" not in terraform(tmp_path / "out/terraform/000000000030-us-east-1/s3-lifecycle.tf")


def test_the_answers_without_a_folder_to_write_to_are_a_mistake(run: Run, tmp_path: Path) -> None:
    assert run("--existing", str(saved(tmp_path, "cold", {"Rules": []}))) == 2


def test_the_standards_of_the_estate_become_rules(folder: Path) -> None:
    (rule,) = json.loads((folder / "s3/results.fragment.json").read_text())["RulesToMerge"]
    assert (rule["ID"], rule["Expiration"], rule["Status"]) == ("finops-query-results", {"Days": 7}, "Enabled")
    (rule,) = json.loads((folder / "s3/uploads.fragment.json").read_text())["RulesToMerge"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_a_retention_that_a_standard_decides_is_set_and_any_other_is_asked_for(folder: Path) -> None:
    found = terraform(folder / "terraform/000000000002-us-east-1/log-retention.tf")
    groups = {
        one["name"]: one["retention_in_days"]
        for held in found["resource"]
        for one in held["aws_cloudwatch_log_group"].values()
    }
    (name, variable) = next(iter(found["variable"][0].items()))
    assert groups == {"/app/web": 90, "/audit": f"${{var.{name}}}"}
    assert "default" not in variable
    assert {one["id"] for one in found["import"]} == {"/app/web", "/audit"}
    (path,) = (folder / "logs").iterdir()
    assert faults(path, "logs", "PutRetentionPolicy") == ""
    assert json.loads(path.read_text()) == {"logGroupName": "/app/web", "retentionInDays": 90}


def test_a_policy_of_images_is_previewed_and_never_set_over_one_nobody_looked_at(folder: Path) -> None:
    (path,) = (folder / "ecr").iterdir()
    assert faults(path, "ecr", "StartLifecyclePolicyPreview") == ""
    body = json.loads(path.read_text())
    (rule,) = json.loads(body["lifecyclePolicyText"])["rules"]
    assert (body["repositoryName"], rule["selection"]["tagStatus"]) == ("team/web", "untagged")
    found = terraform(folder / "terraform/000000000002-us-east-1/ecr-lifecycle.tf")
    (policy,) = found["resource"][0]["aws_ecr_lifecycle_policy"].values()
    assert "repositories_without_policy" in policy["lifecycle"][0]["precondition"][0]["condition"]
    assert "default" not in found["variable"][0]["repositories_without_policy"]
    assert json.loads(policy["policy"]) == json.loads(body["lifecyclePolicyText"])


def test_a_volume_gets_the_performance_it_has(folder: Path) -> None:
    path = folder / "ebs/vol-1.modify-volume.json"
    assert faults(path, "ec2", "ModifyVolume") == ""
    # 3 IOPS for each of 2,000 GB, and what gp2 reaches above 170 GB
    assert json.loads(path.read_text()) == {"VolumeId": "vol-1", "VolumeType": "gp3", "Iops": 6000, "Throughput": 250}
    assert terraform(folder / "ebs/vol-1.fragment.hcl") == {"type": "gp3", "iops": 6000, "throughput": 250}


def test_each_piece_of_advice_is_in_the_ticket_of_its_owner_with_its_money_and_the_way_back(folder: Path) -> None:
    ticket = (folder / "tickets/storage.md").read_text()
    ids = re.findall(r"^- id: `(\w+)`", ticket, re.MULTILINE)
    assert len(ids) == len(set(ids)) == ticket.count("- undo: ") == ticket.count("- [ ] before: ") > 0
    assert "saves 107.52" in ticket
    assert "`s3/cold.fragment.json`" in ticket
    index = (folder / "README.md").read_text()
    assert [name for name in ids if name not in index] == []


def test_the_page_of_a_reviewer_names_every_file(folder: Path) -> None:
    names = set(files(folder)) - {"README.md"}
    assert {name for name in names if f"`{name}`" not in (folder / "README.md").read_text()} == set()


def test_the_same_advice_makes_the_same_bytes_and_what_has_no_successor_goes(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    before = files(folder)
    assert run("--write", str(folder)) == 0
    assert files(folder) == before
    assert run("--write", str(folder), "--existing", str(saved(tmp_path, "cold", EXISTING))) == 0
    assert "s3/cold.fragment.json" not in files(folder)
    assert "s3/cold.put.json" in files(folder)


@pytest.mark.parametrize("name", ["s3/cold.fragment.json", "README.md"])
def test_a_file_that_somebody_changed_stops_the_run_and_nothing_is_written(run: Run, folder: Path, name: str) -> None:
    (folder / name).write_text("mine")
    before = files(folder)
    assert run("--write", str(folder)) == 2
    assert files(folder) == before


def test_a_file_that_was_there_before_is_never_written_over(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("my notes")
    assert run("--write", str(tmp_path)) == 2
    assert (tmp_path / "README.md").read_text() == "my notes"
    assert "was not written by finops" in capsys.readouterr().err
    assert not (tmp_path / "tickets").exists()


def test_fargate_in_a_cluster_is_shared_by_the_share_of_the_settings(tmp_path: Path) -> None:
    rows = [
        advice("spot", "shop", service="AmazonECS"),
        advice("spot", "unknown", service="AmazonECS", saving=None),
        advice("spot", "workers", service="AmazonEC2"),
    ]
    done = review(tmp_path, rows, "[spot]\nshare = 75\n")
    found = terraform(tmp_path / "terraform/000000000030-us-east-1/ecs-capacity-providers.tf")
    (cluster,) = found["resource"][0]["aws_ecs_cluster_capacity_providers"].values()
    assert cluster["default_capacity_provider_strategy"] == [
        {"capacity_provider": "FARGATE", "base": 1, "weight": 1},
        {"capacity_provider": "FARGATE_SPOT", "weight": 3},
    ]
    assert "clusters_of_fargate_only" in cluster["lifecycle"][0]["precondition"][0]["condition"]
    assert [one.what for one in done.left] == ["Fargate Spot for unknown", "Spot for workers"]


def plan(**values: object) -> dict[str, object]:
    return {
        "plan_type": "Compute", "term": "1yr", "payment_option": "No Upfront", "chosen": True,
        "hourly_commitment": Decimal("1.25"), **values,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "upfront"),
    [
        (plan(), None),
        # half of 1.25 x 8,760 hours
        (plan(payment_option="Partial Upfront"), "5475"),
        (plan(plan_type="EC2Instance", instance_family="m5", term="3yr"), None),
    ],
)
def test_a_plan_is_bought_by_parameters_that_aws_takes_once_its_offering_is_filled_in(
    tmp_path: Path, more: dict[str, object], upfront: str | None
) -> None:
    row = advice("commitment", more=more)
    review(tmp_path, [row, advice("commitment", "other", more=plan(chosen=False))])
    buy = tmp_path / f"purchases/{row.id}.create-savings-plan.json"
    find = tmp_path / f"purchases/{row.id}.find-offering.json"
    assert faults(buy, "savingsplans", "CreateSavingsPlan") == ""
    assert faults(find, "savingsplans", "DescribeSavingsPlansOfferings") == ""
    bought, asked = json.loads(buy.read_text()), json.loads(find.read_text())
    assert (bought["commitment"], bought.get("upfrontPaymentAmount")) == ("1.25000", upfront)
    # an offering's id is of hexadecimal digits and dashes: this one AWS refuses
    assert not re.fullmatch("[0-9a-f-]+", bought["savingsPlanOfferingId"])
    assert asked["durations"] == [31_536_000 * (3 if more["term"] == "3yr" else 1)]
    filters = [(one["name"], one["values"]) for one in asked.get("filters", ())]
    assert filters == ([("region", ["us-east-1"]), ("instanceFamily", ["m5"])] if "instance_family" in more else [])
    assert len(list((tmp_path / "purchases").iterdir())) == 2


def test_transitions_that_s3_refuses_are_not_written(tmp_path: Path, run: Run) -> None:
    config = tmp_path / "two.toml"
    config.write_text(
        '[[lifecycle.s3]]\nname = "a"\nbuckets = ["cold"]\ntransitions = { STANDARD_IA = 30, GLACIER = 59 }\n'
        '[[lifecycle.s3]]\nname = "b"\nbuckets = ["results"]\ntransitions = { GLACIER = 30 }\nexpire_days = 30\n'
        '[[lifecycle.s3]]\nname = "c"\nbuckets = ["uploads"]\nnoncurrent_days = 0\n'
    )
    assert run("--write", str(tmp_path / "out"), "--config", str(config)) == 0
    index = (tmp_path / "out/README.md").read_text()
    assert "objects stay in STANDARD_IA for 30 days or more before GLACIER" in index
    assert "it expires objects at 30 days, not after the transition at 30" in index
    assert "nothing expires after less than a day" in index
    assert not [name for name in files(tmp_path / "out") if "cold" in name or "results" in name]


def test_every_kind_of_advice_says_what_to_check_and_how_to_undo_it() -> None:
    golden = Path(__file__).parent / "golden"
    kinds = {
        row["kind"] for path in golden.glob("recommend_*.json") for row in json.loads(path.read_text()).get("rows", ())
        if "saving" in row
    }  # fmt: skip
    assert kinds
    assert kinds - set(care()) == set()


HOSTILE = 'a"b\\c ${x} %{y} | `z`\n<b>@team\x00\u2028../..'


@settings(max_examples=6, deadline=None)
@example(text=HOSTILE, other="")
@given(text=st.text(min_size=1, max_size=25), other=st.text(max_size=10))
def test_whatever_stands_in_a_bill_stays_text_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, text: str, other: str
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    rows = [
        advice("spot", text, service="AmazonECS", owner=text, action=text, evidence=text),
        advice("ecr_images", text, owner=other),
        advice("logs_retention", text, owner=other),
        advice("s3_storage_class", text, more={"storage_class": "GLACIER_IR"}),
    ]
    done = review(folder, rows)
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in done.files)
    for path in done.files:
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix in (".tf", ".hcl"):
            terraform(path)
        else:
            for block in re.findall(r"(?:^\|.*\n)+", path.read_text(), re.MULTILINE):
                columns = {len(re.sub(r"\\.", "", line).split("|")) for line in block.splitlines()}
                assert len(columns) == 1, block
    (cluster,) = terraform(folder / "terraform/000000000030-us-east-1/ecs-capacity-providers.tf")["resource"][0][
        "aws_ecs_cluster_capacity_providers"
    ].values()
    assert cluster["cluster_name"] == text.replace("$${", "${").replace("%%{", "%{")


def test_advice_as_it_was_made_is_enough_where_a_document_lacks_the_columns_of_a_verb(tmp_path: Path) -> None:
    volume = advice("gp2_to_gp3", "vol-1", more={"moved_gb": Decimal(2000)})
    made = document("recommend", BASIS, [volume])
    write_review(made, parse_settings(""), tmp_path / "short")
    assert "ebs/vol-1.modify-volume.json" not in files(tmp_path / "short")
    filtered_out = advice("gp2_to_gp3", "vol-2", more={"moved_gb": Decimal(2000)})
    write_review(made, parse_settings(""), tmp_path / "whole", advice=[volume, filtered_out])
    assert "ebs/vol-1.modify-volume.json" in files(tmp_path / "whole")
    assert "ebs/vol-2.modify-volume.json" not in files(tmp_path / "whole")


def test_no_advice_is_a_page_that_says_so(tmp_path: Path) -> None:
    review(tmp_path, [])
    assert list(files(tmp_path)) == ["README.md"]
    assert "There is no advice." in files(tmp_path)["README.md"]


DAYS = st.integers(1, 400)
RULES = st.fixed_dictionaries(
    {"Status": st.sampled_from(["Enabled", "Disabled"])},
    optional={
        "ID": st.sampled_from(["a", "b", "finops-to-GLACIER", "finops-expire"]),
        "Prefix": st.sampled_from(["", "x/"]),
        "Filter": st.sampled_from([{}, {"Prefix": ""}, {"Prefix": "x/"}, {"ObjectSizeGreaterThan": 1}]),
        "Transitions": DAYS.map(lambda days: [{"Days": days, "StorageClass": "GLACIER"}]),
        "Expiration": DAYS.map(lambda days: {"Days": days}),
        "AbortIncompleteMultipartUpload": st.just({"DaysAfterInitiation": 7}),
    },
)


@given(st.lists(RULES, max_size=4), DAYS, DAYS)
def test_merging_loses_no_rule_and_every_new_one_is_added_or_refused_with_a_word(
    existing: list[dict[str, object]], moved: int, expired: int
) -> None:
    new = [
        Rule({"ID": "finops-to-GLACIER", "Filter": EVERYTHING, "Status": "Enabled",
              "Transitions": [{"Days": moved, "StorageClass": "GLACIER"}]}, "moving"),
        Rule({"ID": "finops-expire", "Filter": EVERYTHING, "Status": "Enabled", "Expiration": {"Days": expired}}, "x"),
    ]  # fmt: skip
    done = merge(existing, new)
    kept = done.rules[: len(existing)]
    for before, after in zip(existing, kept, strict=True):
        prefix = {"Prefix": before["Prefix"]} if "Prefix" in before else before.get("Filter")
        assert after.get("Filter") == prefix
        assert {**after, "Filter": 0} == {**{k: v for k, v in before.items() if k != "Prefix"}, "Filter": 0}
    assert [*done.added, *(rule for rule, _ in done.refused)] != []
    assert {rule.id for rule in done.added} | {rule.id for rule, _ in done.refused} == {rule.id for rule in new}
    assert len(done.rules) == len(existing) + len(done.added)
    assert all(word for _, word in done.refused)
    ids = [rule.get("ID") for rule in done.rules]
    assert all(ids.count(rule.id) == 1 for rule in done.added)


def test_two_names_that_a_file_system_takes_for_one_are_two_files(tmp_path: Path) -> None:
    review(tmp_path, [advice("ecr_images", name, owner=name) for name in ("Web", "web", "we/b")])
    names = [path.name.lower() for path in (tmp_path / "tickets").iterdir()]
    assert len(names) == len(set(names)) == 3


def test_a_list_of_files_that_somebody_made_up_reaches_nothing_outside(tmp_path: Path) -> None:
    folder, outside = tmp_path / "out", tmp_path / "mine"
    folder.mkdir()
    outside.write_text("mine")
    (folder / ".finops-review.json").write_text(json.dumps({"../mine": [sha256(b"mine").hexdigest()]}))
    review(folder, [advice("idle_nat")])
    assert outside.read_text() == "mine"


def test_a_damaged_list_of_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".finops-review.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        review(tmp_path, [advice("idle_nat")])
