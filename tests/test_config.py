"""finops.toml: what it gives, and how it is refused."""

import re
import subprocess
import sys
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.config import Settings, config_path, db_path, load_settings, parse_settings, today
from finops.config.lines import key_lines
from finops.config.schema import DIMENSIONS
from finops.errors import ConfigError

ROOT = Path(__file__).parents[1]
FULL = """\
[tags]
required = ["Project", "Environment", "Owner", "CostCenter"]
optional = ["Component", "DataClassification"]
[tags.keys]
Environment = ["env", "stage"]
[tags.values.Environment]
allowed = ["dev", "test", "staging", "prod"]
aliases = { prod = ["production", "prd"], dev = ["development"] }
[tags.values.CostCenter]
pattern = "CC-[A-Z]+-[0-9]{3}"

[environments.prod]
match = { "tag:Environment" = ["prod"], account = ["200000000030"], region = ["us-east-2"] }
estimates = ["docs/well-architected-review.md"]
budget = { month = 720, alert = [0.5, 0.8, 1.0] }

[check]
fail_on = ["budget", "anomaly", "stale"]
tag_coverage = 95
max_age_hours = 36

[[suppress]]
rule = "untagged_spend"
where = { resource = "arn:aws:s3:::legacy-*" }
reason = "migrates in Q1"
until = 2027-03-31

[[planned]]
where = { account = "200000000030", service = ["AmazonEC2", "AmazonEKS"] }
date = 2027-01-15
note = "load test"

[[allocate]]
name = "cluster"
for = "tag:Environment"
where = { tag = "(untagged)", service = ["AmazonEKS"] }
to = "fixed"
shares = { prod = 62.5, dev = 37.5 }
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal(text: str) -> ConfigError | None:
    try:
        parse_settings(text)
    except ConfigError as error:
        return error
    return None


def refused(text: str) -> ConfigError:
    error = refusal(text)
    assert error is not None
    return error


def changed(old: str, new: str) -> ConfigError:
    assert old in FULL
    return refused(FULL.replace(old, new))


def line_of(text: str) -> str:
    """The place an error about the line holding `text` has to name."""
    return f"finops.toml:{FULL[: FULL.index(text)].count(chr(10)) + 1}"


def test_every_setting_arrives():
    settings = parse_settings(FULL, Path("finops.toml"))
    assert settings.tags.required == ("Project", "Environment", "Owner", "CostCenter")
    assert settings.tags.tags[-2:] == ("Component", "DataClassification")
    assert settings.tags.keys == {"Environment": ("env", "stage")}
    assert settings.tags.values["Environment"].aliases["prod"] == ("production", "prd")
    assert settings.tags.values["CostCenter"].pattern == "CC-[A-Z]+-[0-9]{3}"
    (prod,) = settings.environments
    assert (prod.name, prod.tags, prod.accounts, prod.regions) == (
        "prod",
        {"Environment": ("prod",)},
        ("200000000030",),
        ("us-east-2",),
    )
    assert prod.estimates == ("docs/well-architected-review.md",)
    assert settings.check.fail_on == ("budget", "anomaly", "stale")
    (known,) = settings.suppress
    assert (known.rule, known.reason, known.until) == ("untagged_spend", "migrates in Q1", date(2027, 3, 31))
    assert known.where == {"resource": ("arn:aws:s3:::legacy-*",)}
    (planned,) = settings.planned
    assert planned.where["service"] == ("AmazonEC2", "AmazonEKS")
    assert (planned.date, planned.note) == (date(2027, 1, 15), "load test")


def test_numbers_are_exact_decimals():
    settings = parse_settings(FULL.replace("720", "720.10"))
    (budget,) = settings.budgets
    assert (budget.name, budget.period, budget.environment) == ("prod", "month", "prod")
    assert budget.amount == Decimal("720.10")
    assert budget.alert == (Decimal("0.5"), Decimal("0.8"), Decimal("1.0"))
    whole = parse_settings(FULL).check
    assert isinstance(whole.tag_coverage, Decimal)
    assert isinstance(whole.max_age_hours, Decimal)


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        Settings().path = Path("x")


def test_without_a_file_the_defaults_hold():
    settings = load_settings()
    assert settings == Settings()
    assert settings.tags.required == ("Project", "Environment", "Owner", "CostCenter")
    assert not settings.tags.values
    assert not settings.environments


def test_a_file_without_tags_keeps_the_default_tags():
    assert parse_settings("[check]\ntag_coverage = 90").tags.required == Settings().tags.required


def test_no_required_tag_can_be_said():
    assert parse_settings("[tags]\nrequired = []").tags.required == ()


def test_the_file_of_the_working_directory_is_read(tmp_path):
    (tmp_path / "finops.toml").write_text('[tags]\nrequired = ["Team"]')
    assert load_settings().tags.required == ("Team",)


def test_the_environment_names_another_file(tmp_path, monkeypatch):
    (tmp_path / "finops.toml").write_text('[tags]\nrequired = ["Here"]')
    (tmp_path / "other.toml").write_text('[tags]\nrequired = ["There"]')
    monkeypatch.setenv("FINOPS_CONFIG", "other.toml")
    assert load_settings().tags.required == ("There",)
    assert load_settings(Path("finops.toml")).tags.required == ("Here",)
    assert config_path(None) == Path("other.toml")


@pytest.mark.parametrize("variable", [True, False])
def test_a_file_asked_for_has_to_exist(monkeypatch, variable):
    monkeypatch.setenv("FINOPS_CONFIG", "absent.toml")
    with pytest.raises(ConfigError) as caught:
        load_settings(None if variable else Path("absent.toml"))
    assert caught.value.where == "absent.toml"
    assert caught.value.exit_code == 2


def test_a_file_not_asked_for_may_be_absent():
    assert load_settings(Path("finops.toml"), asked=False) == Settings()


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "finops.toml").write_bytes(b"\xef\xbb\xbf[tags]\r\nrequired = []\r\n")
    assert load_settings().tags.required == ()


@pytest.mark.parametrize("content", [b"[tags]\nrequired = ['\xff']", None])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, content):
    path = tmp_path / "finops.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert caught.value.where == "finops.toml"


@pytest.mark.parametrize(
    ("old", "new", "line", "fix"),
    [
        ("required =", "requried =", "[tags]", "did you mean required?"),
        ("[check]", "[chekc]", "[check]", "did you mean check?"),
        ("tag_coverage =", "tag_covrage =", "tag_coverage", "did you mean tag_coverage?"),
        ("account = [", "acount = [", "match =", "did you mean account?"),
        ("month = 720", "mounth = 720", "budget =", "did you mean month?"),
        ("until =", "till =", "until =", "did you mean until?"),
        ('"stale"', '"stail"', "fail_on", "did you mean stale?"),
        ("allowed =", "alowed =", "allowed =", "did you mean allowed?"),
        ("{ resource", "{ resorce", "where = { res", "did you mean resource?"),
        ("prod = [", "prood = [", "aliases", "did you mean prod?"),
    ],
)
def test_an_unknown_word_names_the_line_and_the_nearest_one(old, new, line, fix):
    error = changed(old, new)
    expected = "finops.toml:2" if line == "[tags]" else line_of(line)
    assert (error.where, error.fix) == (expected, fix)


def test_an_unknown_word_unlike_any_other_lists_those_there_are():
    error = refused("[tags]\nxyzzy = 1")
    assert error.fix == "known: required, optional, infer_precision, keys, values, scope, virtual"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('["Component", "DataClassification"]', '"Component"', "optional"),
        ('["env", "stage"]', '["env", 5]', "Environment = "),
        ('["env", "stage"]', '["env", " "]', "Environment = "),
        ('"CC-[A-Z]+-[0-9]{3}"', '"CC-[A-Z"', "pattern"),
        ('"CC-[A-Z]+-[0-9]{3}"', '"[[A-Z]"', "pattern"),
        ('"CC-[A-Z]+-[0-9]{3}"', '"x{99999999999}"', "pattern"),
        ('"CC-[A-Z]+-[0-9]{3}"', "7", "pattern"),
        ("720", '"720"', "budget"),
        ("720", "-1", "budget"),
        ("720", "nan", "budget"),
        ("month = 720, ", "", "budget"),
        ("[0.5, 0.8, 1.0]", "[0.5, true]", "budget"),
        ('["200000000030"]', "[200000000030]", "match"),
        ("95", "101", "tag_coverage"),
        ("36", "0", "max_age_hours"),
        ("2027-03-31", '"2027-03-31"', "until"),
        ("2027-03-31", "2027-03-31T00:00:00Z", "until"),
        ('reason = "migrates in Q1"', "", "[[suppress]]"),
        ('"migrates in Q1"', '" "', "reason"),
        ("date = 2027-01-15", "", "[[planned]]"),
        ("[[planned]]", "[planned]", "[[planned]]"),
        ("[check]\nfail_on", "[[check]]\nfail_on", "[check]"),
    ],
)
def test_a_wrong_type_names_the_line(old, new, line):
    error = changed(old, new)
    assert error.where == line_of(line)
    assert error.exit_code == 2
    assert len(error.lines()) <= 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[tags]\nrequired = ["Owner",\n "owner"]', 3, "same tag"),
        ('[tags]\nrequired = ["Owner", "Owner"]', 2, "same tag"),
        ('[tags]\nrequired = ["CostCenter"]\noptional = ["cost-center"]', 3, "same tag"),
        ('[tags]\nrequired = ["A"]\noptional = ["A"]', 3, "same tag"),
        ('[tags]\nrequired = []\n[tags.values."user:Owner"]\nallowed = ["a", "A"]', 4, "both a and A"),
        ('[tags]\nrequired = ["Owner"]\n[tags.values.Ownr]\nallowed = ["a"]', 3, "Ownr"),
        ("[tags.values.owner]\npattern = 'a'\n[tags.values.Owner]\npattern = 'b'", 3, "twice"),
        ('[tags.keys]\nOwner = ["team"]\nProject = ["Team"]', 3, "both Owner and Project"),
        ('[tags.keys]\nProject = ["owner"]', 2, "both Owner and Project"),
        ('[tags.values.Owner]\nallowed = ["a", "A"]', 2, "both"),
        ('[tags.values.Owner]\nallowed = ["a", "b"]\naliases = { a = ["B"] }', 3, "both b and a"),
        ('[tags.values.Owner]\naliases = { a = ["x"],  b = ["X"] }', 2, "both a and b"),
        ('[tags.values.Owner]\naliases = { a = ["b"],  b = ["c"] }', 2, "both a and b"),
        (
            '[environments.a]\nmatch = { account = ["1"] }\n[environments.b]\nmatch = { account = ["1"] }',
            4,
            "claim",
        ),
        (
            '[environments.a]\nmatch = { "tag:Owner" = ["x"] }\n'
            '[environments.b.match]\nregion = ["r"]\n"tag:Owner" = ["X "]',
            5,
            "claim",
        ),
        (
            '[tags.values.Environment]\nallowed = ["dev"]\n'
            '[environments.a.match]\n"tag:env" = ["x"]\n"tag:Environment" = ["prod"]',
            5,
            "never matches",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(text, line, words):
    error = refused(text)
    assert error.where == f"finops.toml:{line}"
    assert words in error.what


def test_aliases_of_a_value_are_the_same_claim_on_an_environment():
    error = refused(FULL + '[environments.live]\nmatch = { "tag:Environment" = ["Production"] }')
    assert 'tag:Environment "prod"' in error.what


def test_a_value_may_be_listed_twice_for_one_environment():
    settings = parse_settings('[environments.a]\nmatch = { region = ["r", "r"], "tag:Owner" = ["x", "X"] }')
    assert settings.environments[0].regions == ("r", "r")


def test_different_kinds_of_rule_may_claim_the_same_text():
    text = '[environments.a]\nmatch = { account = ["1"] }\n[environments.b]\nmatch = { region = ["1"] }'
    assert len(parse_settings(text).environments) == 2


@pytest.mark.parametrize(
    ("text", "where"),
    [("[tags", "finops.toml:1"), ("\n\na = [1,,2]", "finops.toml:3"), ("a = 1\na = 2", "finops.toml:2")],
)
def test_broken_toml_names_the_line(text, where):
    error = refused(text)
    assert error.where == where
    assert "line" not in error.what


@pytest.mark.parametrize("text", ["a = " + "[" * 9999, "a = " + "9" * 9999, "a = 2026-02-30"])
def test_toml_beyond_all_bounds_is_refused(text):
    assert "not valid TOML" in refused(text).what


@given(st.data())
def test_a_damaged_file_is_read_or_refused_with_its_line(data):
    start = data.draw(st.integers(0, len(FULL)))
    end = data.draw(st.integers(start, min(len(FULL), start + 20)))
    piece = data.draw(st.text(max_size=3) | st.sampled_from(["[", "]", '"', "{", "=", "\n", "[[", "1", "tag:", "#"]))
    error = refusal(FULL[:start] + piece + FULL[end:])
    assert error is None or re.fullmatch(r"finops\.toml:\d+", error.where or "")
    assert error is None or len(error.lines()) <= 3


def test_a_name_typed_in_a_tags_table_means_the_tag():
    policy = parse_settings('[tags.keys]\ncost_center = ["cc"]\n[tags.values."user:Owner"]\nallowed = ["a"]').tags
    assert policy.keys == {"CostCenter": ("cc",)}
    assert list(policy.values) == ["Owner"]


def test_the_database_is_where_it_is_asked_for(monkeypatch):
    assert db_path(None) == Path("finops.duckdb")
    monkeypatch.setenv("FINOPS_DB", "bill.duckdb")
    assert db_path(None) == Path("bill.duckdb")
    assert db_path(Path("mine.duckdb")) == Path("mine.duckdb")


def test_today_can_be_set(monkeypatch):
    monkeypatch.setenv("FINOPS_TODAY", "2026-11-01")
    assert today() == date(2026, 11, 1)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-11-01T00:00:00"])
def test_a_today_that_is_no_day_is_refused(monkeypatch, text):
    monkeypatch.setenv("FINOPS_TODAY", text)
    with pytest.raises(ConfigError) as caught:
        today()
    assert caught.value.where == "FINOPS_TODAY"


def test_lines_are_found_in_every_way_to_write_toml():
    text = '''\
# a comment with [brackets] and = signs
top.dotted."quoted key" = """
several
lines = here
"""
list = [
  { a = 1 },  # with a comment ] in it
  { a = 2,
    b = [1.5, 'x]'] },
]
[table.'in quotes']
when = 2027-01-15 10:00:00Z
[[rows]]
x = 1
[rows.inner]
y = 2
[[rows]]
x = 3
'''
    lines = key_lines(text.replace("{ a = 2,\n", "{ a = 2, "))
    assert lines["top", "dotted", "quoted key"] == 2
    assert lines["list", 0, "a"] == 7
    assert lines["list", 1, "b", 1] == 8
    assert lines["table", "in quotes", "when"] == 11
    assert lines["rows", 0, "inner", "y"] == 15
    assert lines["rows", 1, "x"] == 17


def paths_in(value, path=()):
    """Every way to a key or element of a parsed document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from paths_in(inner, (*path, key))


def test_each_key_of_a_document_has_its_line():
    lines = key_lines(FULL)
    for path in paths_in(tomllib.loads(FULL)):
        if path[-1] in {"suppress", "planned", "environments", "values"}:
            continue  # named by no line of its own
        key = path[-1] if isinstance(path[-1], str) else path[-2]
        assert re.search(rf'\b{key}\b|"{key}"', FULL.splitlines()[lines[path] - 1]), path


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(st.lists(st.tuples(texts, st.integers(0, 3)), min_size=1, max_size=6, unique_by=lambda pair: pair[0]))
def test_a_key_is_found_whatever_is_around_it(pairs):
    from finops.init.write import quoted

    lines, expected = [], {}
    for key, gap in pairs:
        lines += ["# noise = [", *[""] * gap, f'{quoted(key)} = {{ "a]" = {quoted(key)} }} # }} "']
        expected[key] = len(lines)
    text = "\n".join(lines)
    assert set(tomllib.loads(text)) == set(expected)
    found = key_lines(text)
    assert {key: found[(key,)] for key in expected} == expected


def test_conditions_know_the_dimensions_of_the_command_line():
    from finops import dimensions

    assert set(DIMENSIONS) == {word for word in dimensions.DIMENSIONS if ":" not in word}


def test_settings_load_without_heavy_libraries(tmp_path):
    path = tmp_path / "finops.toml"
    path.write_text(FULL)
    code = (
        "import sys, pathlib; from finops.config import load_settings;"
        "load_settings(pathlib.Path(sys.argv[1]));"
        "print(*{'duckdb', 'jinja2', 'sqlglot', 'rich', 'typer', 'difflib'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


# --- commitments


YEARS = """
[commitments]
start = 2026-04-01
[[commitments.years]]
year = 1
share = 0
[[commitments.years]]
year = 3
share = 50
terms = ["1yr"]
"""


@pytest.mark.parametrize(
    ("day", "year"), [("2026-03-31", None), ("2026-04-01", 1), ("2028-03-31", 1), ("2028-04-01", 3), ("2040-01-01", 3)]
)
def test_a_year_of_the_commitment_policy_holds_until_the_next_one(day: str, year: int | None) -> None:
    found = parse_settings(YEARS).commitments.at(date.fromisoformat(day))
    assert (found and found.year) == year


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[commitments.years]]\nyear = 1\nshare = 0", "needs a start"),
        (YEARS + "[[commitments.years]]\nyear = 1\nshare = 9", "has a year twice"),
        ("[commitments]\nstart = 2026-01-01\n[[commitments.years]]\nyear = 0\nshare = 0", "the first year is 1"),
        ("[commitments]\nstart = 2026-01-01\n[[commitments.years]]\nyear = 1\nshare = 101", "from 0 to 100"),
        ("[commitments]\nyears = [{ year = 1, share = 5, terms = ['2yr'] }]", 'does not know "2yr"'),
    ],
)
def test_a_commitment_policy_that_contradicts_itself_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_settings(text)
