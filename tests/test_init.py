"""finops init: the file it writes loads, as it is and with its suggestions switched on."""

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.cli import main
from finops.config import parse_settings
from finops.environments import create_environments
from finops.errors import UsageError
from finops.init import PROFILES, profile_named, settings_text
from finops.init.seen import Seen, SeenKey, SeenValue, look

SETS = {
    1: {"user:Environment": "Production", "user:Owner": "web", "user:Team Name": "x"},
    2: {"user:Environment": "dev", "user:CostCenter": ""},
    3: {"user:Environment": "live"},
    4: {"user:env": "prod"},
}
CHARGES = [
    (1, "000000000030", "us-east-2"),
    (3, "000000000030", "us-east-2"),
    (2, "000000000010", "us-east-1"),
    (1, "000000000020", "eu-west-1"),
    (2, "000000000020", "eu-west-1"),
    (4, "000000000040", None),
]


@pytest.fixture
def bill():
    connection = duckdb.connect()
    connection.execute("""
        create table tag_sets
        (delivery_id varchar, tag_set_id ubigint, source varchar, key varchar, value varchar);
        create table daily_cost
        (delivery_id varchar, tag_set_id ubigint, sub_account_id varchar, region_id varchar)
    """)
    for tag_set, pairs in SETS.items():
        for key, value in pairs.items():
            row = ["d", tag_set, "resource_tag", key, value]
            connection.execute("insert into tag_sets values (?, ?, ?, ?, ?)", row)
    connection.executemany("insert into daily_cost values ('d', ?, ?, ?)", CHARGES)
    return connection


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def switched_on(text: str) -> str:
    """The text with every suggestion made a setting."""
    return re.sub(r"^#(?=[^ \n#])", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("switch", [str, switched_on])
def test_what_is_written_loads(name, switch):
    text = switch(settings_text(PROFILES[name], Seen()))
    settings = parse_settings(text)
    assert settings.tags.required == PROFILES[name].required
    assert settings.tags.optional == PROFILES[name].optional
    assert bool(settings.environments) == (switch is switched_on)


def test_the_profiles_hold_the_tags_of_both_strategies():
    assert PROFILES["standard"].required == ("Project", "Environment", "Owner", "CostCenter")
    assert PROFILES["governance"].required == (
        "Owner", "CostCenter", "DataClassification", "RTO", "RPO", "Environment", "Application",
    )  # fmt: skip
    values = parse_settings(settings_text(PROFILES["standard"], Seen())).tags.values
    assert values["Environment"].allowed == ("dev", "test", "staging", "prod")
    assert values["DataClassification"].allowed == ("public", "internal", "confidential")
    assert values["Backup"].allowed == ("daily", "weekly", "none")


@pytest.mark.parametrize("name", PROFILES)
def test_the_profiles_policy_is_the_one_its_file_loads(name):
    assert parse_settings(settings_text(PROFILES[name], Seen())).tags == PROFILES[name].policy


def test_suggested_values_switch_on():
    values = parse_settings(switched_on(settings_text(PROFILES["governance"], Seen()))).tags.values
    assert values["CostCenter"].pattern == "CC-[A-Z]+-[0-9]{3}"
    assert values["RTO"].pattern == "[0-9]+ ?(s|m|min|h|d)"


def test_an_unknown_profile_names_those_there_are():
    with pytest.raises(UsageError) as caught:
        profile_named("standrad")
    assert "standard" in (caught.value.fix or "")


def test_looking_at_a_bill_counts_keys_values_and_places(bill):
    seen = look(bill, PROFILES["standard"].policy)
    assert seen.keys == (
        SeenKey("Environment", "Environment", 3),
        SeenKey("Owner", "Owner", 1),
        SeenKey("Team Name", None, 1),
        SeenKey("env", None, 1),
    )
    assert seen.values["Environment"] == (
        SeenValue("Production", "prod", 1),
        SeenValue("dev", "dev", 1),
        SeenValue("live", None, 1),
    )
    assert seen.accounts == {
        "000000000010": ("dev",),
        "000000000020": ("dev", "prod"),
        "000000000030": ("prod",),
        "000000000040": (),
    }
    assert seen.regions == {"eu-west-1": ("dev", "prod"), "us-east-1": ("dev",), "us-east-2": ("prod",)}


def test_what_was_seen_is_written_as_comments_and_suggestions(bill):
    seen = look(bill, PROFILES["standard"].policy, ("docs/review.md",))
    text = settings_text(PROFILES["standard"], seen)
    for line in (
        '#   "Team Name": 1',
        '#   "Environment": 3, read as Environment',
        '#   "Production": 1, read as "prod"',
        '#   "live": 1, not allowed',
        '#   "000000000020": "dev", "prod"',
        '#   none in "000000000040"',
        '#estimates = ["docs/review.md"]',
    ):
        assert line in text.splitlines()
    prod, dev = parse_settings(switched_on(text)).environments
    assert (prod.name, prod.accounts, prod.regions) == ("prod", ("000000000030",), ("us-east-2",))
    assert (dev.name, dev.accounts, dev.regions) == ("dev", ("000000000010",), ("us-east-1",))
    assert parse_settings(text).environments == ()


def test_the_suggestions_map_the_bill_they_were_made_from(bill):
    text = switched_on(settings_text(PROFILES["standard"], look(bill, PROFILES["standard"].policy)))
    create_environments(bill, parse_settings(text))
    found = bill.execute("select tag_set_id, sub_account_id, environment from environments").fetchall()
    assert (3, "000000000030", "prod") in found
    assert (4, "000000000040", "prod") in found  # with env switched on as a spelling of Environment


texts = st.text(st.characters(codec="utf-8"), max_size=8).filter(str.strip)
places = st.dictionaries(texts, st.lists(st.sampled_from(["dev", "prod"]), unique=True).map(tuple), max_size=30)


@given(st.lists(texts, max_size=30), places, places, texts)
def test_no_text_from_a_bill_breaks_the_file(names, accounts, regions, document):
    values = tuple(SeenValue(name, None, 1) for name in names)
    found = (SeenValue("Prod\n", "prod", 2), SeenValue("dev", "dev", 1))
    seen = Seen(
        keys=tuple(SeenKey(name, None, 1) for name in names),
        values={"Owner": values, "Environment": found + values, "Backup": values},
        accounts=accounts,
        regions=regions,
        documents=(document,),
    )
    for profile in PROFILES.values():
        text = settings_text(profile, seen)
        assert parse_settings(text).tags == profile.policy
        folded = {key.strip().casefold() for key in accounts}
        if len(folded) == len(accounts) and len({key.strip().casefold() for key in regions}) == len(regions):
            assert {one.name for one in parse_settings(switched_on(text)).environments} == {"prod", "dev"}


# The verb


def test_init_writes_a_file_that_the_other_verbs_read(tmp_path, capsys):
    assert main(["init"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "wrote finops.toml (profile standard; no bill to fill it from)" in err
    assert parse_settings((tmp_path / "finops.toml").read_text()).tags == PROFILES["standard"].policy


@pytest.mark.parametrize("way", [["-o", "mine.toml"], ["--config", "mine.toml"]])
def test_init_never_replaces_a_file(tmp_path, capsys, way):
    (tmp_path / "mine.toml").write_text("# mine")
    assert main(["init", *way]) == 2
    assert (tmp_path / "mine.toml").read_text() == "# mine"
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "mine.toml" in error
    assert len(error.splitlines()) <= 3


def test_init_writes_the_profile_it_is_asked_for(tmp_path):
    assert main(["init", "--profile", "governance", "-o", "g.toml"]) == 0
    assert "RTO" in parse_settings((tmp_path / "g.toml").read_text()).tags.required
    assert not (tmp_path / "finops.toml").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--profile", "nothing"], 2),
        (["absent"], 2),
        (["--db", "absent.duckdb"], 3),
        (["-o", "absent/finops.toml"], 4),
    ],
)
def test_init_that_cannot_work_says_why_and_writes_nothing(tmp_path, capsys, words, code):
    assert main(["init", *words]) == code
    assert capsys.readouterr().err.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


def test_documents_with_costs_become_estimates(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "review.md").write_text("| ECS Fargate | $60-120 |")
    (tmp_path / "docs" / "notes.md").write_text("no figures")
    assert main(["init", "docs"]) == 0
    text = (tmp_path / "finops.toml").read_text()
    assert '#estimates = ["docs/review.md"]' in text
    assert parse_settings(switched_on(text)).environments


def test_a_text_file_that_is_named_is_a_document(tmp_path):
    (tmp_path / "review.txt").write_text("Total: ~$137/month")
    assert main(["init", "review.txt", "-o", "sub.toml"]) == 0
    assert '#estimates = ["review.txt"]' in (tmp_path / "sub.toml").read_text()


def test_a_folder_with_neither_exports_nor_documents_is_an_error(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["init", "empty"]) == 3
    assert "no billing export found" in capsys.readouterr().err
    assert not (tmp_path / "finops.toml").exists()


def test_an_export_that_is_pointed_at_fills_the_file(tmp_path):
    header = (
        "bill/PayerAccountId,bill/BillingPeriodStartDate,bill/BillingPeriodEndDate,bill/InvoiceId,"
        "lineItem/UsageAccountId,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,"
        "lineItem/ProductCode,lineItem/UsageType,lineItem/ResourceId,lineItem/UnblendedCost,"
        "lineItem/CurrencyCode,product/region,resourceTags/user:Environment"
    )
    row = (
        "000000000001,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,1,000000000030,Usage,2026-10-05T00:00:00Z,"
        "2026-10-05T01:00:00Z,AmazonEC2,BoxUsage:t3.micro,i-1,0.5,USD,us-east-2,Production"
    )
    (tmp_path / "bill.csv").write_text(f"{header}\n{row}\n")
    assert main(["init", "bill.csv"]) == 0
    text = (tmp_path / "finops.toml").read_text()
    assert '#   "Production": 1, read as "prod"' in text
    (prod,) = parse_settings(switched_on(text)).environments
    assert (prod.accounts, prod.regions) == (("000000000030",), ("us-east-2",))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bill.csv", "finops.toml"]
