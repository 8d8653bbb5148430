"""Architecture documents read: every figure with its line, every sum checked, what was not understood named."""

from __future__ import annotations

import json
import os
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from finops.cli import main
from finops.errors import DataError
from finops.estimates.environments import environments_in, words_of
from finops.estimates.file import file_text, read_file
from finops.estimates.labels import target_of
from finops.estimates.lines import Line, Reading
from finops.estimates.read import read_source
from finops.estimates.text import LARGEST, from_string, read_text

DOCUMENTS = Path(__file__).parent / "estimates"
SEEDS = Path(os.environ.get("FINOPS_REAL_SEEDS") or Path(__file__).resolve().parents[2] / "shared" / "seeds")
WORDS = words_of({})


def read(text: str) -> Reading:
    return read_source(from_string(text, "doc.md"), WORDS)


def table(header: str, *rows: str, above: str = "## Prod (monthly)") -> str:
    rule = "|".join("--" for _ in header.split("|"))
    return "\n".join([above, "", f"| {header} |", f"| {rule} |", *(f"| {row} |" for row in rows)])


def figures(reading: Reading) -> list[tuple[str, str, str]]:
    return [(line.label, _text(line.low), line.kind) for line in reading.lines]


def checks(reading: Reading) -> list[str | None]:
    return [line.check for line in reading.lines if line.kind in ("total", "subtotal")]


def codes(reading: Reading) -> list[str]:
    return [note.code for note in reading.notes]


def _text(value: Decimal | None) -> str:
    return "" if value is None else str(value)


def _row(line: Line) -> list[object]:
    return [_text(line.low), _text(line.high), line.unit or "", line.kind, line.check or "", line.source_line]


# --- whole documents


@pytest.mark.parametrize("name", ["tables", "targets", "modes"])
def test_a_document_is_read_to_the_last_figure(name: str) -> None:
    wanted = tomllib.loads((DOCUMENTS / f"{name}.toml").read_text(encoding="utf-8"))
    reading = read_source(read_text(DOCUMENTS / f"{name}.md"), WORDS)
    found = [[line.environment or "", line.label, *_row(line)] for line in reading.lines]
    found = [[*row[:5], line.currency or "", *row[5:]] for row, line in zip(found, reading.lines, strict=True)]
    assert found == wanted["rows"]
    assert [[note.code, note.line] for note in reading.notes] == wanted["notes"]


@pytest.mark.parametrize("name", ["001", "002", "004"])
def test_a_real_document_is_read_to_the_last_figure(name: str) -> None:
    found = sorted(SEEDS.glob(f"{name}_*"))
    if not found:
        pytest.skip(f"no real documents in {SEEDS}: name their folder in FINOPS_REAL_SEEDS")
    wanted = tomllib.loads((DOCUMENTS / "seeds.toml").read_text(encoding="utf-8"))[name]
    reading = read_source(read_text(found[0]), WORDS)
    assert [_row(line) for line in reading.lines] == wanted["rows"]
    assert [[note.code, note.line] for note in reading.notes] == wanted["notes"]


def test_a_document_that_was_decoded_wrongly_reads_the_same() -> None:
    text = "## Prod \u2013 Kosten\n\n- RDS \u2013 €45/month\n"
    broken = "".join(bytes([byte]).decode("cp1252", "replace") for byte in text.encode("utf-8"))
    assert [(one.label, one.low) for one in read(broken).lines] == [(one.label, one.low) for one in read(text).lines]
    assert "characters_mended" in codes(read(broken))


# --- sums


@pytest.mark.parametrize(
    ("rows", "total", "check"),
    [
        (["a | $100", "b | $37.20"], "~$137", "rounding"),
        (["a | $100", "b | $37.20"], "$137", "rounding"),
        (["a | $100", "b | $37.20"], "$137.20", "equal"),
        (["a | $509-719"], "~$510-720", "rounding"),
        (["a | $509-719"], "$510-720", "disagrees"),
        (["a | $100", "b | $20"], "$130", "disagrees"),
        (["a | $60-120"], "$90", "disagrees"),
        (["a | $0.10/hour"], "$73/month", "equal"),
        (["a | $50+"], "$50", None),
    ],
)
def test_a_total_is_held_to_the_digits_it_prints(rows: list[str], total: str, check: str | None) -> None:
    reading = read(table("Service | Monthly cost", *rows, f"**Total** | **{total}**"))
    assert checks(reading) == [check]
    assert ("sum_disagrees" in codes(reading)) == (check == "disagrees")


def test_subtotals_are_checked_and_never_summed_again() -> None:
    rows = ["EC2 | $5", "RDS | $10", "Subtotal compute | $15", "S3 | $3", "Total storage | $3", "Grand total | $18"]
    assert checks(read(table("Service | Cost", *rows))) == ["equal", "equal", "equal"]


def test_the_columns_of_environments_are_summed_each_for_itself() -> None:
    rows = ["RDS | $10 | $40", "EC2 | $1 | $4", "Total | $11 | $45"]
    reading = read(table("Service | Dev | Production", *rows, above="## Monthly costs"))
    assert [line.environment for line in reading.lines] == ["dev", "prod"] * 3
    assert checks(reading) == ["equal", "disagrees"]


def test_a_low_and_a_high_column_are_one_range() -> None:
    reading = read(table("Service | Low | High", "RDS | $10 | $20", "S3 | $3 | $4", "Total | $13 | $24"))
    assert [(line.low, line.high) for line in reading.lines] == [(10, 20), (3, 4), (13, 24)]
    assert checks(reading) == ["equal"]


def test_a_total_in_bold_below_a_list_is_the_lists_total() -> None:
    text = "### Production\n\n- ECS Fargate: $60\n- RDS — $45/month (db.t3)\n- SNS: free\n\n**Total: ~$105/month**\n"
    assert checks(read(text)) == ["equal"]


def test_a_table_of_environments_holds_totals_and_their_total() -> None:
    rows = ["Dev | $100", "Production | $600", "**Total** | **$700**"]
    reading = read(table("Environment | Monthly cost", *rows, above="## Summary"))
    assert [line.kind for line in reading.lines] == ["total"] * 3
    assert reading.lines[-1].check == "equal"


# --- what never enters a sum


def test_of_several_columns_for_one_cost_the_monthly_one_counts() -> None:
    header = "Service | Hourly | Monthly (24/7) | Monthly (scheduled) | Annual"
    reading = read(table(header, "RDS | $0.1 | $73 | $24 | $876", "Total | | $73 | $24 | $876"))
    assert [line.counts for line in reading.lines] == [False, True, False, False, False, False, False]
    assert codes(reading) == ["alternative", "alternative"]


def test_of_two_ways_to_run_a_thing_the_first_counts() -> None:
    reading = read(table("Service | Cost", "RDS (24/7) | $73", "RDS (scheduled) | $24", "Total | $73"))
    assert [line.kind for line in reading.lines] == ["row", "other", "total"]
    assert checks(reading) == ["equal"]


def test_rows_for_a_month_and_a_year_are_the_same_money() -> None:
    reading = read(table("Period | Cost", "Monthly | $410", "Annual | $4,920", above="## Costs"))
    assert [(line.unit, line.counts) for line in reading.lines] == [("month", True), ("year", False)]


def test_a_second_table_with_the_same_sum_does_not_count_again() -> None:
    first = table("Service | Cost", "RDS | $10", "S3 | $5")
    second = table("Team | Cost", "Web | $12", "Data | $3", above="### Owners")
    reading = read(f"{first}\n\n{second}")
    assert [line.counts for line in reading.lines] == [True, True, False, False]
    assert codes(reading) == ["seen_before", "seen_before"]


def test_another_provider_is_named_and_left_out() -> None:
    reading = read(table("Service | Cost", "RDS | $45", "Datadog | $5", "Total | $50"))
    assert [line.kind for line in reading.lines] == ["row", "other", "total"]
    assert (codes(reading), checks(reading)) == (["other_provider"], ["equal"])


def test_another_currency_is_named_and_its_total_not_checked() -> None:
    reading = read(table("Service | Cost", "RDS | $45", "EC2 | $5", "Host | €10", "Total | $60"))
    assert codes(reading) == ["mixed_currency", "sum_not_checked"]
    assert checks(reading) == [None]


@pytest.mark.parametrize(
    "text", ["Billing alarm: $25", "Storage: $0.20/GB", "Going idle saves ~$32/month", "Budget: $50"]
)
def test_alarms_unit_prices_and_savings_are_kept_and_do_not_count(text: str) -> None:
    (line,) = read(f"- {text}\n").lines
    assert (line.kind, line.counts) == ("other", False)


# --- what was not understood


@pytest.mark.parametrize(
    "text",
    [
        table("Service | Config | Cost", "RDS | 2 | 4 vCPU | $45"),
        table("Service | Config | Cost", "RDS | $45"),
        table("Service | Cost", "RDS | $1,23"),
        table("Service | Cost", "RDS | TBD"),
        table("Service | Cost", "RDS | \u202e$54"),
        "<table><tr><td>RDS</td><td>$45/month</td></tr></table>",
        "```\nRDS $45/month\n```",
        "```yaml\nprod:\n  cost: high\n```",
        "- Cost efficiency: 20% of revenue",
    ],
)
def test_a_line_that_was_not_understood_is_named(text: str) -> None:
    reading = read(text)
    assert codes(reading) == ["not_understood"]
    assert "RDS" in text.splitlines()[reading.notes[0].line - 1] or reading.notes[0].line <= 3
    assert not any(line.counts for line in reading.lines)


def test_a_table_without_units_and_currency_says_so_once() -> None:
    reading = read(table("Service | Cost", "RDS | 45", "S3 | 5", "Total | 50", above="## Prod"))
    assert codes(reading) == ["no_unit", "no_currency"]
    assert [(line.unit, line.currency) for line in reading.lines] == [(None, None)] * 3


def test_shell_parameters_are_no_money() -> None:
    assert read("```bash\necho $1 $2\n```").notes == ()


def test_a_monthly_figure_that_its_schedule_does_not_give_is_named() -> None:
    rows = ["Active | $0.82/hour", "Monthly (2h/week) | $70/month"]
    assert codes(read(table("Mode | Cost", *rows, above="## Costs"))) == ["schedule_disagrees"]


def test_tables_inside_lists_and_quotes_are_read() -> None:
    text = "- item\n  | S | Monthly |\n  |--|--|\n  | RDS | $45 |\n\n> | S | Monthly |\n> |--|--|\n> | EC2 | $4 |\n"
    assert [(line.label, line.source_line) for line in read(text).lines] == [("RDS", 4), ("EC2", 8)]


def test_struck_out_figures_are_gone() -> None:
    assert figures(read(table("Service | Cost", "RDS | ~~$9~~ $7"))) == [("RDS", "7", "row")]


def test_ten_thousand_rows_are_all_read_and_summed() -> None:
    rows = [f"Service {n} | ${n}.50" for n in range(10_000)]
    reading = read(table("Service | Monthly cost", *rows, "Total | $50,000,000"))
    assert (len(reading.lines), checks(reading)) == (10_001, ["equal"])


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"caf\xe9 $5", "not UTF-8"),
        (b"a\x00b", "NUL"),
        (b"a" * (LARGEST + 1), "larger than"),
        (None, "cannot read"),
    ],
)
def test_a_document_that_is_no_text_is_refused(tmp_path: Path, data: bytes | None, what: str) -> None:
    path = tmp_path / "doc.md"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=what):
        read_text(path)


# --- environments and labels


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Test/Development Environment (Monthly)", ("test", "dev")),
        ("Production VPC (us-east-2)", ("prod",)),
        ("Monthly cost (staging)", ("staging",)),
        ("Pre-production", ("staging",)),
        ("Immediate (Before Test Deployment)", ()),
        ("Deploy to Production", ()),
        ("Testing strategy", ()),
    ],
)
def test_a_heading_is_about_the_environments_it_begins_with(text: str, wanted: tuple[str, ...]) -> None:
    assert environments_in(text, WORDS) == wanted


def test_the_settings_words_come_before_the_common_ones() -> None:
    words = words_of({"live": ["production"], "lab": ["dev"]})
    assert environments_in("Production/Development/Prod", words) == ("live", "lab")


@pytest.mark.parametrize(
    ("label", "service", "usage_type"),
    [
        ("RDS Aurora Serverless v2", "AmazonRDS", "Aurora"),
        ("ECS Fargate", "AmazonECS|AmazonEKS", "Fargate"),
        ("ElastiCache Redis", "AmazonElastiCache", ""),
        ("WAF", "awswaf", ""),
        ("NAT", "AmazonEC2", "NatGateway"),
        ("S3", "AmazonS3", ""),
        ("Secrets Manager", "AWSSecretsManager", ""),
        ("AmazonKinesis", "AmazonKinesis", ""),
    ],
)
def test_a_label_means_a_service_and_a_family_of_usage(label: str, service: str, usage_type: str) -> None:
    target = target_of(label, "")
    assert target is not None
    assert (target.service, target.usage_type) == (service, usage_type)


def test_the_configuration_decides_where_the_label_means_nothing() -> None:
    target = target_of("Sessions", "cache.t3.micro Redis")
    assert target is not None
    assert target.service == "AmazonElastiCache"
    assert target_of("Flux capacitor", "") is None


# --- the estimates file


def test_the_estimates_file_holds_all_that_was_read(tmp_path: Path) -> None:
    document = tmp_path / "docs" / "review.md"
    document.parent.mkdir()
    document.write_text((DOCUMENTS / "tables.md").read_text() + "\n- =1+1: $5/month\n- Staging: 30% of production\n")
    lines = read_source(read_text(document), WORDS).lines
    path = tmp_path / "estimates.csv"
    path.write_text(file_text(lines, tmp_path))
    again = read_file(path)
    for field in ("environments", "label", "low", "high", "unit", "currency", "kind", "check", "counts", "share", "of"):
        assert [getattr(one, field) for one in again] == [getattr(one, field) for one in lines], field
    assert {one.source_file for one in again} == {str(document)}
    assert "'=1+1" in path.read_text()


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("low", "much", 'low is "much"'),
        ("low", "NaN", 'low is "NaN"'),
        ("kind", "line", 'kind is "line"'),
        ("high", "1", "low end is above"),
        ("source_line", "x", "source_line"),
    ],
)
def test_a_slip_in_the_estimates_file_is_named_with_its_line(
    tmp_path: Path, column: str, value: str, what: str
) -> None:
    text = file_text(read(table("Service | Cost", "RDS | $45")).lines, tmp_path)
    header, row = (line.split(",") for line in text.splitlines())
    row[header.index(column)] = value
    path = tmp_path / "estimates.csv"
    path.write_text(f"{','.join(header)}\n{','.join(row)}\n")
    with pytest.raises(DataError, match=what) as caught:
        read_file(path)
    assert str(caught.value.where).endswith("estimates.csv:2")


# --- the verb


def test_read_needs_no_database_and_prints_the_agreed_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("review.md").write_text(table("Service | Cost", "RDS | $45", "Total | $50"))
    assert main(["estimates", "read", "review.md", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["rows"][0]) == [
        "environment", "section", "label", "low", "high", "unit", "currency", "kind", "check", "source_file",
        "source_line",
    ]  # fmt: skip
    assert document["problems"][0]["where"] == "review.md:6"
    assert list(tmp_path.iterdir()) == [tmp_path / "review.md"]


def test_an_estimates_file_is_never_written_over_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("review.md").write_text(table("Service | Cost", "RDS | $45"))
    Path("kept.csv").write_text("mine")
    assert main(["estimates", "read", "review.md", "--save", "kept.csv"]) == 2
    assert Path("kept.csv").read_text() == "mine"
    assert main(["estimates", "read", "review.md", "--save", "kept.csv", "--replace"]) == 0
    assert Path("kept.csv").read_text().startswith("environments,")


def test_a_disagreeing_total_is_a_warning_on_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a,b.md").write_text(table("Service | Cost", "RDS | $45", "Total | $50"))
    assert main(["estimates", "read", "a,b.md", "--format", "github"]) == 0
    assert capsys.readouterr().out == (
        "::warning file=a%2Cb.md,line=6,title=sum disagrees::Total: the rows sum to 45, the document states 50\n"
    )


@pytest.mark.parametrize("words", [["estimates"], ["estimates", "raed"]])
def test_a_verb_of_two_words_names_its_second_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "finops estimates read or finops estimates propose" in capsys.readouterr().err
