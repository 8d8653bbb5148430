"""Which environment a charge belongs to."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.config import parse_settings
from finops.environments import create_environments

SETTINGS = """
[tags]
required = ["Environment"]
[tags.keys]
Environment = ["env"]
[tags.values.Environment]
allowed = ["dev", "staging", "prod"]
aliases = { prod = ["production"] }

[environments.prod]
match = { "tag:Environment" = ["prod"], account = ["000000000030"], region = ["us-east-2"] }
[environments.dev]
match = { "tag:env" = ["dev"], "tag:Sandbox" = ["Yes"], account = ["000000000010"], region = ["us-east-1"] }
"""
TAGS = {
    1: {"user:Environment": "Production"},
    2: {"user:env": "dev "},
    3: {"user:Environment": "staging"},
    4: {"user:Environment": "live"},
    5: {"user:Sandbox": "YES"},
    6: {"user:Environment": "prod", "user:Sandbox": "yes"},
}
NOTHING = 9


def environments(charges, settings=SETTINGS, tags=TAGS, deliveries=("d1",)):
    """The environment of each (tag set, account, region), in their order."""
    connection = duckdb.connect()
    connection.execute("""
        create table tag_sets
        (delivery_id varchar, tag_set_id ubigint, source varchar, key varchar, value varchar);
        create table daily_cost
        (delivery_id varchar, tag_set_id ubigint, sub_account_id varchar, region_id varchar, day integer)
    """)
    for delivery in deliveries:
        for tag_set, pairs in tags.items():
            for key, value in pairs.items():
                row = [delivery, tag_set, "resource_tag", key, value]
                connection.execute("insert into tag_sets values (?, ?, ?, ?, ?)", row)
        for charge in charges:
            for day in (1, 2):
                connection.execute("insert into daily_cost values (?, ?, ?, ?, ?)", [delivery, *charge, day])
    create_environments(connection, parse_settings(settings))
    found = connection.execute("select * from environments").fetchall()
    assert len(found) == len(set(charges)) * len(deliveries)
    named = {row[:4]: row[4] for row in found}
    return [named[delivery, *charge] for delivery in deliveries for charge in charges]


@pytest.mark.parametrize(
    ("charge", "environment"),
    [
        ((1, "000000000010", "us-east-1"), "prod"),
        ((2, "000000000030", "us-east-2"), "dev"),
        ((5, "000000000030", "us-east-2"), "dev"),
        ((3, "000000000030", "us-east-1"), "prod"),
        ((4, "000000000010", "us-east-2"), "dev"),
        ((NOTHING, "000000000030", "us-east-1"), "prod"),
        ((NOTHING, "000000000020", "us-east-2"), "prod"),
        ((NOTHING, "000000000020", "US-East-1"), "dev"),
        ((NOTHING, "000000000020", "eu-west-1"), "(unmapped)"),
        ((NOTHING, "000000000020", None), "(unmapped)"),
        ((NOTHING, None, None), "(unmapped)"),
        ((NOTHING, "30", None), "(unmapped)"),
    ],
)
def test_a_tag_decides_before_an_account_and_an_account_before_a_region(charge, environment):
    assert environments([charge]) == [environment]


def test_between_tags_the_environment_written_first_decides():
    assert environments([(6, None, None)]) == ["prod"]
    first, second = SETTINGS.split("[environments.dev]")
    head, prod = first.split("[environments.prod]")
    turned = f"{head}[environments.dev]{second}[environments.prod]{prod}"
    assert environments([(6, None, None)], turned) == ["dev"]


def test_without_rules_everything_is_unmapped():
    assert environments([(1, "000000000030", "us-east-2")], "") == ["(unmapped)"]


def test_a_value_listed_twice_doubles_nothing():
    settings = """
        [environments.a.match]
        account = ["1", "1 "]
        region = ["r", "R"]
        "tag:Sandbox" = ["yes", "YES"]
    """
    assert environments([(NOTHING, "1", "r"), (5, "2", "r")], settings) == ["a", "a"]


def test_each_delivery_is_mapped_by_its_own_tags():
    charges = [(1, "a", "b"), (2, "a", "b")]
    assert environments(charges, deliveries=("d1", "d2")) == ["prod", "dev"] * 2


def test_text_from_the_settings_is_never_read_as_sql():
    settings = """[environments."x'; drop table daily_cost; --"]\nmatch = { account = ["'; select 1; --"] }"""
    assert environments([(NOTHING, "'; select 1; --", None)], settings) == ["x'; drop table daily_cost; --"]


charges = st.lists(
    st.tuples(
        st.sampled_from([*TAGS, NOTHING]),
        st.sampled_from(["000000000010", "000000000030", "1", None]),
        st.sampled_from(["us-east-1", "us-east-2", "x", None]),
    ),
    unique=True,
    max_size=12,
)


@given(charges)
def test_each_combination_has_exactly_one_environment(found):
    assert set(environments(found)) <= {"prod", "dev", "(unmapped)"}
