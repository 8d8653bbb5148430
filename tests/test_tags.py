"""Which keys and values of an export mean which tag, and the tables made of that."""

import random

import duckdb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finops.config import TagPolicy, ValueRule, parse_settings
from finops.tags import (
    KeyMatch,
    bare_key,
    create_cost_category_values,
    create_tag_values,
    keys_of,
    merged_keys,
    signature,
    snake,
    tag_of,
    value_reader,
)

SPELLINGS = (
    "CostCenter",
    "cost-center",
    "COST_CENTER",
    "Cost Center",
    "cost.center",
    "costcenter",
    "cost_center",
    "CostCenter$",
    "user:CostCenter",
    "user_cost_center",
    "resourceTags/user:CostCenter",
    "resourceTags/CostCenter",
    "resource_tags_user_cost_center",
    " user:Cost Center ",
)
ENVIRONMENT = ValueRule(
    allowed=("dev", "test", "staging", "prod"),
    aliases={"prod": ("production", "prd"), "dev": ("development",)},
)


def tag_sets(rows):
    """A connection with tag sets: (tag_set_id, key, value), then the delivery and the source if unusual."""
    connection = duckdb.connect()
    connection.execute("""
        create table tag_sets
        (delivery_id varchar, tag_set_id ubigint, source varchar, key varchar, value varchar)
    """)
    for row in rows:
        tag_set, key, value, delivery, source = (*row, *("d1", "resource_tag")[len(row) - 3 :])
        connection.execute("insert into tag_sets values (?, ?, ?, ?, ?)", [delivery, tag_set, source, key, value])
    return connection


def tag_values(rows, policy, extra=(), columns="tag_set_id, tag, raw_key, value, state"):
    connection = tag_sets(rows)
    create_tag_values(connection, policy, extra)
    return connection.execute(f"select {columns} from tag_values order by all").fetchall()


def only(*required, **parts):
    return TagPolicy(required=required, **parts)


# Keys


@pytest.mark.parametrize("key", SPELLINGS)
def test_every_spelling_of_a_key_is_the_same_key(key):
    assert signature(key) == "costcenter"
    assert [match.raw_key for match in keys_of("CostCenter", (), [key])] == [key]


@pytest.mark.parametrize("key", SPELLINGS)
def test_a_key_can_be_asked_for_in_every_spelling(key):
    assert tag_of(only("Owner", "CostCenter"), key) == "CostCenter"
    assert [match.raw_key for match in keys_of(key, (), ["user:CostCenter"])] == ["user:CostCenter"]


@pytest.mark.parametrize("key", ["aws:createdBy", "aws_created_by", "resourceTags/aws:createdBy"])
def test_a_key_of_aws_is_not_the_users_key_of_the_same_name(key):
    assert signature(key) == "aws:createdby"
    assert not keys_of("CreatedBy", (), [key])
    assert not keys_of(key, (), ["user:createdBy"])
    assert keys_of("aws:createdBy", (), [key])


@pytest.mark.parametrize(
    ("one", "other"), [("AppID", "app_i_d"), ("karpenter.sh/nodepool", "user_karpenter_sh_nodepool")]
)
def test_a_key_is_found_under_the_name_athena_gives_it(one, other):
    assert keys_of(one, (), [other])


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("CostCenter", "cost_center"),
        ("AppID", "app_i_d"),
        ("karpenter.sh/nodepool", "karpenter_sh_nodepool"),
        ("cost-center", "cost_center"),
        ("Cost Center", "cost_center"),
    ],
)
def test_snake_is_the_rule_of_athena(key, name):
    assert snake(key) == name


@pytest.mark.parametrize("key", ["cost_category_code", "account_tag_code", "resource_tags_code", "awsCode"])
def test_a_tag_named_like_a_part_of_an_export_keeps_its_name(key):
    assert not keys_of("Code", (), [key, f"user_{key}", f"user:{key}"])
    assert len(keys_of(key, (), [key, f"user_{key}", f"user:{key}"])) == 3


def test_different_keys_stay_different():
    assert not keys_of("Environment", (), ["env", "Environments", "user:Env", "owner", "user_"])


def test_marks_of_other_scripts_tell_keys_apart():
    assert signature("ค่า") != signature("คา")


def test_a_key_without_letters_is_compared_as_it_is():
    assert keys_of("+", (), ["+", "-"])[0].raw_key == "+"
    assert len(keys_of("+", (), ["+", "-"])) == 1


def test_a_tag_that_begins_with_user_is_found_in_each_shape():
    assert [match.raw_key for match in keys_of("user_id", (), ["user_user_id", "user_id"])] == ["user_user_id"]
    assert [match.raw_key for match in keys_of("user_id", (), ["user_id", "Owner"])] == ["user_id"]
    assert [match.raw_key for match in keys_of("user_id", (), ["user:user_id", "user:id"])] == ["user:user_id"]


def test_the_best_spelling_comes_first_then_the_listed_ones_then_the_alphabet():
    keys = ["ENVIRONMENT", "user:stage", "user:env", "user:environment", "user:Environment", "Env"]
    found = keys_of("Environment", ("env", "stage"), keys)
    assert [tuple(match) for match in found] == [
        ("user:Environment", "exact"),
        ("Env", "listed"),
        ("user:env", "listed"),
        ("user:stage", "listed"),
        ("ENVIRONMENT", "variant"),
        ("user:environment", "variant"),
    ]


def test_lower_case_is_exact_only_where_the_export_writes_every_key_so():
    assert keys_of("CostCenter", (), ["user_cost_center"]) == [KeyMatch("user_cost_center", "exact")]
    assert keys_of("CostCenter", (), ["user:cost_center"]) == [KeyMatch("user:cost_center", "variant")]


keys = st.text(st.sampled_from("abzABZ019_-:/ .éßİ"), min_size=1, max_size=12)


@given(keys)
def test_the_signature_of_a_key_is_its_own_signature(key):
    assert signature(signature(key)) == signature(key)


@given(keys)
def test_prefixes_never_change_what_a_users_key_means(key):
    assume(any(character.isalnum() for character in key))
    assert signature(f"user:{key}") == signature(f"resourceTags/user:{key}") == signature(f"user_{key}")
    assert bare_key(f"user:{key}") == bare_key(f"resourceTags/user:{key}")


@given(st.lists(keys, unique=True, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_an_exports_keys_changes_nothing(raw, shuffle: random.Random):
    shuffled = raw[:]
    shuffle.shuffle(shuffled)
    assert keys_of("ab", ("z", "a1"), raw) == keys_of("ab", ("z", "a1"), shuffled)


# Values


@pytest.mark.parametrize(
    ("raw", "reading"),
    [
        ("prod", ("prod", "valid")),
        (" Prod ", ("prod", "valid")),
        ("PRODUCTION", ("prod", "valid")),
        ("prd\t", ("prod", "valid")),
        ("live", (None, "invalid")),
        ("prod,dev", (None, "invalid")),
        ("", (None, "blank")),
        (" \u00a0\t", (None, "blank")),
        (None, (None, "blank")),
    ],
)
def test_a_value_is_compared_trimmed_and_without_case(raw, reading):
    assert value_reader(ENVIRONMENT)(raw) == reading


def test_a_value_prints_as_it_is_allowed():
    assert value_reader(ValueRule(allowed=("EMEA-North",)))("emea-NORTH ") == ("EMEA-North", "valid")


@pytest.mark.parametrize(
    ("raw", "reading"),
    [
        (" CC-COFFEE-001 ", ("CC-COFFEE-001", "valid")),
        ("CC-COFFEE-0010", (None, "invalid")),
        ("x CC-COFFEE-001", (None, "invalid")),
        ("cc-coffee-001", (None, "invalid")),
        ("CC-COFFEE-001\n", ("CC-COFFEE-001", "valid")),
    ],
)
def test_a_pattern_has_to_match_the_whole_trimmed_value(raw, reading):
    assert value_reader(ValueRule(pattern="CC-[A-Z]+-[0-9]{3}"))(raw) == reading


def test_allowed_values_and_a_pattern_are_alternatives():
    read = value_reader(ValueRule(allowed=("shared",), pattern="team-[a-z]+"))
    assert [read(raw)[1] for raw in ("Shared", "team-web", "web")] == ["valid", "valid", "invalid"]


def test_aliases_alone_allow_every_value():
    read = value_reader(ValueRule(aliases={"web": ("frontend",)}))
    assert [read(raw) for raw in ("FrontEnd", "WEB", "api ")] == [
        ("web", "valid"),
        ("web", "valid"),
        ("api", "valid"),
    ]


def test_without_a_rule_a_value_is_only_trimmed():
    assert value_reader(None)("  Base Load ") == ("Base Load", "valid")


rules = st.sampled_from(
    [
        None,
        ENVIRONMENT,
        ValueRule(pattern="[a-z]+"),
        ValueRule(aliases={"ß": ("SS",)}),
        ValueRule(allowed=("İ", "x")),
    ]
)


@given(rules, st.text(max_size=12) | st.sampled_from(["Prod", " dev", "İ", "ss", "ẞ", "x "]))
def test_reading_a_value_twice_is_reading_it_once(rule, raw):
    read = value_reader(rule)
    value, state = read(raw)
    if state == "valid":
        assert read(value) == (value, "valid")


@given(st.sampled_from(["prod", "production", "development", "staging", "live", "x y"]), st.data())
def test_case_and_blanks_around_a_value_change_nothing(value, data):
    noisy = "".join(data.draw(st.sampled_from([c.lower(), c.upper()])) for c in value)
    blanks = st.text(st.sampled_from(" \t\n\u00a0"), max_size=3)
    read = value_reader(ENVIRONMENT)
    assert read(data.draw(blanks) + noisy + data.draw(blanks)) == read(value)


# The table


def test_each_tag_set_says_what_it_says_of_each_tag():
    rows = [
        (1, "user_environment", "Production"),
        (1, "user_owner", " web "),
        (2, "user_environment", "live"),
        (3, "user_environment", "  "),
        (4, "user_owner", None),
        (5, "user_other", "x"),
    ]
    policy = only("Environment", "Owner", values={"Environment": ENVIRONMENT})
    assert tag_values(rows, policy) == [
        (1, "Environment", "user_environment", "prod", "valid"),
        (1, "Owner", "user_owner", "web", "valid"),
        (2, "Environment", "user_environment", None, "invalid"),
        (3, "Environment", "user_environment", None, "blank"),
        (4, "Owner", "user_owner", None, "blank"),
    ]


def test_the_raw_value_and_the_rule_of_the_key_are_kept():
    rows = [(1, "env", " Prod"), (2, "user:Environment", "x"), (3, "ENVIRONMENT", "dev")]
    policy = only("Environment", keys={"Environment": ("env",)}, values={"Environment": ENVIRONMENT})
    columns = "raw_key, key_rule, raw_value, value"
    assert tag_values(rows, policy, columns=columns) == [
        ("ENVIRONMENT", "variant", "dev", "dev"),
        ("env", "listed", " Prod", "prod"),
        ("user:Environment", "exact", "x", None),
    ]


def test_of_several_spellings_in_one_set_the_exact_one_decides():
    rows = [(1, "user:team", "b"), (1, "user:Team", "a"), (2, "user:team", "b"), (3, "user:Team", "x")]
    assert tag_values(rows, only("Team", values={"Team": ValueRule(allowed=("a", "b"))})) == [
        (1, "Team", "user:Team", "a", "valid"),
        (2, "Team", "user:team", "b", "valid"),
        (3, "Team", "user:Team", None, "invalid"),
    ]


def test_the_required_spelling_is_the_exact_one():
    rows = [(1, "user:team", "b"), (1, "user:Team", "a")]
    assert tag_values(rows, only("team"), columns="raw_key, value") == [("user:team", "b")]


def test_a_blank_value_gives_way_to_another_spelling():
    rows = [
        (1, "user:Team", " "),
        (1, "user:team", ""),
        (1, "user:squad", "a"),
        (2, "user:Team", ""),
        (2, "user:team", ""),
    ]
    policy = only("Team", keys={"Team": ("squad",)})
    assert tag_values(rows, policy) == [
        (1, "Team", "user:squad", "a", "valid"),
        (2, "Team", "user:Team", None, "blank"),
    ]


def test_an_invalid_value_does_not_give_way():
    rows = [(1, "Environment", "live"), (1, "env", "prod")]
    policy = only("Environment", keys={"Environment": ("env",)}, values={"Environment": ENVIRONMENT})
    assert tag_values(rows, policy) == [(1, "Environment", "Environment", None, "invalid")]


def test_a_key_asked_for_keeps_the_name_it_was_asked_by():
    rows = [(1, "user_env", "Production"), (1, "user_name", "n"), (1, "user_unasked", "u")]
    policy = only("Environment", keys={"Environment": ("env",)}, values={"Environment": ENVIRONMENT})
    assert tag_values(rows, policy, ["environment", "user:env", "name", "Nothing"]) == [
        (1, "Environment", "user_env", "prod", "valid"),
        (1, "environment", "user_env", "prod", "valid"),
        (1, "name", "user_name", "n", "valid"),
        (1, "user:env", "user_env", "prod", "valid"),
    ]


def test_a_key_asked_for_twice_has_one_row():
    assert len(tag_values([(1, "Owner", "a")], only("Owner"), ["Owner", "Owner"])) == 1


def test_deliveries_in_different_shapes_do_not_mix():
    rows = [(1, "user:Owner", "a", "csv"), (1, "user_owner", "b", "parquet"), (2, "user:owner", "c", "csv")]
    assert tag_values(rows, only("Owner"), columns="delivery_id, tag_set_id, value") == [
        ("csv", 1, "a"),
        ("csv", 2, "c"),
        ("parquet", 1, "b"),
    ]


def test_cost_categories_and_account_tags_are_no_resource_tags():
    rows = [(1, "Owner", "a", "d1", "cost_category"), (1, "Owner", "b", "d1", "account_tag")]
    assert tag_values(rows, only("Owner")) == []


def test_no_tag_sets_give_an_empty_table():
    assert tag_values([], only("Owner")) == []


def test_text_from_the_bill_is_never_read_as_sql():
    key, value = "o'wner\"; drop table tag_sets; --", "'); select 1; --"
    assert tag_values([(1, key, f" {value}")], only(key), columns="raw_key, value") == [(key, value)]


def test_keys_that_merge_are_reported():
    rows = [
        (1, "user:Team", "a"),
        (2, "user:team", "b"),
        (3, "user:Owner", "c"),
        (3, "user_owner", "c", "d2"),
    ]
    assert merged_keys(tag_sets(rows), only("Team", "Owner")) == [("Team", ["user:Team", "user:team"])]


def test_a_delivery_of_nise_holds_two_spellings_of_a_team():
    """Both columns are on every row, and a row carries one of them: the other one is blank."""
    rows = [
        (1, "resourceTags/user:team", "data"),
        (1, "resourceTags/user:Team", ""),
        (2, "resourceTags/user:team", ""),
        (2, "resourceTags/user:Team", "web"),
        (3, "resourceTags/user:team", ""),
        (3, "resourceTags/user:Team", ""),
    ]
    assert tag_values(rows, only("Team"), columns="tag_set_id, raw_key, value, state") == [
        (1, "resourceTags/user:team", "data", "valid"),
        (2, "resourceTags/user:Team", "web", "valid"),
        (3, "resourceTags/user:Team", None, "blank"),
    ]


values = st.sampled_from(["prod", "Production", " dev", "live", "", " ", None])
sets = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["user:Environment", "user:environment", "env", "ENV", "Stage"]),
        values,
    ),
    unique_by=lambda row: row[:2],
    max_size=9,
)


@given(sets, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, shuffle: random.Random):
    policy = only("Environment", keys={"Environment": ("stage", "env")}, values={"Environment": ENVIRONMENT})
    shuffled = rows[:]
    shuffle.shuffle(shuffled)
    assert tag_values(rows, policy) == tag_values(shuffled, policy)


@given(sets)
def test_each_tag_set_with_a_key_has_exactly_one_row(rows):
    policy = only("Environment", keys={"Environment": ("stage", "env")}, values={"Environment": ENVIRONMENT})
    found = tag_values(rows, policy)
    assert [row[0] for row in found] == sorted({row[0] for row in rows})
    filled = {tag_set for tag_set, _, value in rows if (value or "").strip()}
    assert {row[0] for row in found if row[-1] != "blank"} == filled


# Cost categories


def cost_categories(rows, names):
    connection = tag_sets([(*row, "d1", "cost_category") for row in rows])
    create_cost_category_values(connection, names)
    return connection.execute("select tag_set_id, name, value from cost_category_values order by all").fetchall()


def test_a_cost_category_is_found_in_every_spelling():
    rows = [
        (1, "costCategory/Team Name", " web "),
        (2, "cost_category_team_name", "api"),
        (3, "team_name", "ops"),
    ]
    assert cost_categories(rows, ["Team Name", "Other"]) == [
        (1, "Team Name", "web"),
        (2, "Team Name", "api"),
        (3, "Team Name", "ops"),
    ]


def test_a_blank_cost_category_has_no_row():
    assert cost_categories([(1, "Team", " "), (2, "Team", None)], ["Team"]) == []


def test_both_tables_can_be_made_in_one_connection():
    connection = tag_sets([(1, "Owner", "a"), (1, "Owner", "b", "d1", "cost_category")])
    create_tag_values(connection, parse_settings("").tags, ["owner"])
    create_cost_category_values(connection, ["owner"])
    assert connection.execute("select value from tag_values where tag = 'owner'").fetchall() == [("a",)]
    assert connection.execute("select name, value from cost_category_values").fetchall() == [("owner", "b")]
