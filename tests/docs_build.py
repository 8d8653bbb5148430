"""Fills the generated parts of README.md and docs/ from the program itself: `python -m tests.docs_build [--check]`.

A page is written by hand; what can drift stands between `<!-- generated: NAME -->` and `<!-- end -->`, and NAME is
a function here (with an argument behind it, where it takes one). `--check` writes nothing, names the files that are
out of date and exits 1.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from finops import errors, models
from finops.cli import main as finops_main
from finops.cli.app import load
from finops.cli.verbs import VERBS
from finops.engines.layout import known_columns
from finops.ingest.metrics import needed_by
from finops.metrics import METRICS
from tests.docs_action import action_inputs, action_outputs

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "schema" / "output.schema.json"
FOLDERS = ("staging", "ledger", "marts", "journal", "rules", "checks")

_BLOCK = re.compile(r"<!-- generated: (?P<name>[\w-]+)(?: (?P<argument>[\w-]+))? -->\n.*?<!-- end -->", re.DOTALL)

# What a key of a row or a total means, where no model says it.
_KEYS = {
    "spend": {
        "cost": "in the metric asked for; with `--allocate` `direct` + `allocated`",
        "direct": "with `--allocate`: as the bill has it",
        "allocated": "with `--allocate`: given by rules, less what they took",
        "rule": "with `--allocate`: the rule, `(direct)`, or `(split ...)` for split cost allocation",
        "how": "how the rule divides, in words",
        "left": "what the rule fits and nobody was found for",
        "unattributed": "with `--allocate`: what is left with nobody, `(untagged)` and `(untaggable)`",
    },
    "status": {
        "export": "its name; `@` and a short code behind it where another export has the same name",
        "format": "`legacy CUR`, `CUR 2.0` or `FOCUS`, with `CSV` or `Parquet`",
        "period": "billing period, YYYY-MM",
        "delivery": "assembly or execution id of the manifest; a code made from the files where there is none",
        "files": "data files of the delivery",
        "rows": "line items",
        "unblended": "their unblended cost",
        "final": "true when every line that costs something has an invoice id; null when the export has none",
        "loaded_at": "when it was loaded, UTC",
        "note": "what a reader of the figures should know, blank when nothing",
        "deliveries": "deliveries listed",
    },
    "status --changes": {
        "period": "billing period, YYYY-MM",
        "export": "its name",
        "service": "AWS service code",
        "account": "account that used it",
        "charge_type": "AWS line item type; from FOCUS the charge category",
        "currency": "of the costs",
        "old": "cost in the delivery that was replaced",
        "new": "cost in the delivery that replaced it",
        "difference": "`new` - `old`",
        "restated": "the part of `difference` on days that were complete in the old delivery",
        "old_delivery": "the delivery that was replaced, as `--as-of` takes it",
        "new_delivery": "the delivery that replaced it",
        "replaced_at": "when, UTC",
        "changes": "rows of this replacement",
    },
    "tag-gaps": {
        "total_cost": "all cost",
        "untaggable_cost": "cost of lines that cannot carry a tag: tax, fees, usage without a resource",
        "taggable_cost": "`tagged_cost` + `gap_cost`",
        "tagged_cost": "taggable cost with a value, allowed or not",
        "gap_cost": "taggable cost without a value; the sum of this tag's rows that count as `gap`",
        "coverage": "tagged in percent of taggable, rounded down to 4 decimals; null where nothing is taggable",
        "invalid_cost": "the part of `tagged_cost` whose value is not allowed",
        "suppressed_cost": "the part of the rows' cost that [[suppress]] accepts; it stays in every other sum",
        "tagged_resources": "`resources` without any gap in these days",
        "resource_coverage": "tagged in percent of all resources, rounded down to 4 decimals",
        "suppressed": "the reason of the [[suppress]] that accepts the finding, blank where none does",
        "id": "what the finding is called from run to run: in baselines",
        "fix": "what closes it",
        "week": "its Monday; beside it one key `tag:KEY` per required tag, the coverage in that week; the newest 13",
        "basis": "what values are told by: another tag, the account, a cost category, the family of the name",
        "tested": "resources whose known value was hidden and predicted from the others",
        "right": "of these, those predicted right",
        "precision": "right in percent of tested",
        "gaps": "resources without a valid value",
        "suggested": "of these, those the basis has a value for",
        "used": "whether `precision` reaches [tags] infer_precision",
        "rule": "the reason of the [[residency]] rule",
        "key_rule": "why the key means the tag: `exact`, `listed` in [tags.keys], `variant` in case or separators, "
        "`misspelled` and not read",
        "live": "what the tagging API says today; it knows the account of the credentials only",
        "charge": "type of line, or FOCUS charge category",
    },
    "doctor": {
        "area": "heading the check stands under: `this machine`, `the ledger`, `AWS identity`, `exports`, ...",
        "subject": "the export, bucket, folder or tag key, blank where the area has only one",
        "check": "what was looked at",
        "state": "a call that was denied is `could not check`, never `ok`",
        "detail": "what was found",
        "next_step": "the command or place in the console that comes next, blank when nothing does",
        "ok": "checks that are ok",
        "problem": "checks that found a problem",
        "could_not_check": "checks that could not be made",
    },
    "check": {
        "check": "`data`, or the gate: `budget`, `forecast`, `variance`, `coverage`, `gap`, ...",
        "environment": "blank where the check is of no environment",
        "subject": "what was held against its target: a budget, a line of an estimate, a tag, a payer, ...",
        "state": "what was found; `no target` where nothing says how it should be",
        "verdict": "`fails` what decides the exit code",
        "gate": "whether the check may fail: it is in `fail_on`, or it is `data`",
        "value": "what was found, with its unit",
        "limit": "what it may be",
        "impact": "the money that is off, for a breach",
        "message": "the same in words",
        "owner": "who can change it, where that is known",
        "next_step": "the command or setting that comes next",
        "source_file": "the document or finops.toml that states the target",
        "source_line": "the line there",
        "reason": "why a breach that may fail does not: the baseline, `min_impact`, or the reason of a [[suppress]]",
        "id": "the same from run to run, whatever the amounts",
        "checked_at": "the moment",
        "passed": "whether nothing fails",
        "failing": "rows that fail",
        "ok": "rows that are as they should be",
        "breach": "rows beyond their target",
        "notice": "rows that are told and never fail",
        "no_target": "checks that nothing says a target for",
        "could_not_check": "rows for which nobody can tell",
        "known": "ids of everything that is off now, for the next run's `--baseline`",
    },
    "reconcile": {
        "period": "billing period, YYYY-MM",
        "charge_type": "kind of charge; `charges` is what an invoice gives in one sum",
        "export_cost": "what the export has of it",
        "other_cost": "what Cost Explorer, the invoice or the other export has of it",
        "difference": "`export_cost` - `other_cost`",
        "reason": "why they differ; null where they agree; see [reconcile.md](reconcile.md)",
        "invoice_id": "the invoice; null where the other side tells none, or the export does not have it yet",
        "detail": "what shows the reason, blank when nothing",
        "unexplained": "differences that nothing explains, each without its sign",
    },
    "estimates read": {
        "environment": "as the settings or the document name it, `test/dev` where one figure is for both",
        "section": "the heading it stands under",
        "label": "what it is for, as printed",
        "low": "low end, null where there is no amount (`30% of production`)",
        "high": "high end; null beside a low end is open-ended (`$50+`)",
        "unit": "what the amount is per; null where the document does not say",
        "currency": "ISO code; null where the document does not say",
        "kind": "`row` is a line of cost, `other` what never enters a sum",
        "check": "how a total fits its rows, to the digits the document prints; null where nothing is to check",
        "source_file": "the document, as named",
        "source_line": "its line, from 1",
    },
    "variance": {
        "environment": "by the rules of `[environments]`; `(unmapped)` is what fits none",
        "line": "the document's label; the service where nobody estimated it",
        "service": "service codes of the bill, `|` between several; null for a whole environment",
        "estimate_low": "for the whole month",
        "estimate_high": "for the whole month; null beside a low end is open-ended",
        "actual": "charged up to the last complete day",
        "forecast": "at the end of the month",
        "forecast_p10": "one time in ten it ends below",
        "forecast_p90": "one time in ten it ends above",
        "variance": "cost above (or, negative, below) the estimate's part of the known days; 0 within it",
        "class": "what that makes of the line",
        "source_file": "the document; null without an estimate",
        "source_line": "its line",
        "environments": "each environment as a whole",
    },
    "variance --budgets": {
        "budget": "its name; of an environment the environment's",
        "environment": "the environment it is for, blank where it is for none in particular",
        "period": "what the limit is for; `custom` only from AWS Budgets",
        "start": "the period's first day; of an hour its first moment, UTC",
        "end": "exclusive",
        "limit": "for the whole period; of a share, that share of what the other environment is forecast to cost",
        "limit_to_date": "the part of the complete days; of a share, that share of what the other environment has cost",
        "actual": "charged up to the last complete day",
        "used_percent": "`actual` in percent of `limit`, of a share in percent of `limit_to_date`, rounded down",
        "forecast": "at the end of the period; null for hours and days",
        "forecast_p10": "one time in ten it ends below",
        "forecast_p90": "one time in ten it ends above",
        "forecast_percent": "`forecast` in percent of `limit`",
        "alert_reached": "the highest step of `alert` that is reached, in percent",
        "next_alert": "the lowest that is not",
        "forecast_alert_reached": "the highest step of `forecast_alert` that the forecast reaches, in percent",
        "class": "`alert` is a step reached, `forecast_over` a forecast above the limit",
        "metric": "how the cost is counted; AWS Budgets may count `blended`",
        "complete_through": "the last complete day; null for AWS Budgets, which does not say",
        "owner": "who answers for it, as the settings say",
        "source": "the line of the settings, or `AWS Budgets`",
        "detail": "why it could not be checked, or what else there is to know",
        "over": "budgets of that class",
        "forecast_over": "budgets of that class",
        "alert": "budgets of that class",
        "within": "budgets of that class",
        "could_not_check": "budgets of that class",
    },
    "explain": {
        "part": "heading the line stands under: `metric`, `formula from ...`, `models`, `checks`, ...",
        "name": "metric, kind of charge, model, column or delivery",
        "text": "what it is, in words",
        "sql": "the same in SQL",
        "path": "the model's file",
    },
}
_KINDS = {"money": "exact decimal", "final": "true, false or null", "time": "UTC time", "day": "UTC day"}


def demo() -> str:
    """What `make demo` shows on a terminal."""
    said = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        code = finops_main(["demo", "--out", "build/demo"])
    if code:
        raise SystemExit(f"finops demo ended with {code}:\n{said.getvalue()}")
    return _fenced(f"$ make demo\n{said.getvalue().rstrip()}")


def shared_options() -> str:
    """The options that several verbs take."""
    return _table(
        ("option", "meaning", "taken by"),
        [
            (f"`{option}`", _one_line(text), "every verb" if len(verbs) == len(VERBS) else ", ".join(verbs))
            for (option, text), verbs in _shared().items()
        ],
    )


def verbs() -> str:
    """Every verb: what it takes of its own, and the keys of what it prints."""
    return "\n\n".join(_verb(verb) for verb in VERBS)


def exit_codes() -> str:
    """The exit codes, from the errors that carry them."""
    said: dict[int, list[str]] = defaultdict(list)
    said[0].append(
        "Done. A verb that only reads ends in 0 however old or incomplete the data is; `problems` tells. "
        "`doctor`: every check is ok."
    )
    said[1].append(
        "The gate failed: `tag-gaps --fail-under` found a required tag below the limit, `--fail-on` or `--baseline` a "
        "gap that may not be, `check` a breach, or `reconcile` more than `--tolerance` that nothing explains. "
        "Nothing else ends in 1."
    )
    for kind in (errors.UsageError, errors.ConfigError, errors.DataError, errors.EngineError, errors.Interrupted):
        said[kind.exit_code].append(" ".join((kind.__doc__ or "").split()))
    said[errors.FinopsError.exit_code].append("Or finops itself failed.")
    said[3].append("`check`: something that may fail could not be checked, stale data among it.")
    said[3].append("`doctor`: a check found a problem.")
    said[4].append("`check`: something could not be checked because an engine or the disk failed.")
    said[4].append("`doctor`: no problem was found, but something could not be checked.")
    said[4].append("`notify`: a message was not delivered.")
    said[141].append("The reader of a pipe went away, as with `| head`.")
    return _table(("code", "meaning"), [(str(code), " ".join(said[code])) for code in sorted(said)])


def models_of(folder: str) -> str:
    """The models of one folder of queries/, each after those it reads."""
    return "\n\n".join(_model(one) for one in models.folder(folder))


def dependencies() -> str:
    """Each model and what it reads, in the order data flows."""
    flow = (one for folder in FOLDERS for one in models.folder(folder))
    return _fenced("\n".join(f"{one.folder}/{one.name} <- {', '.join(one.inputs)}" for one in flow))


def metric(name: str) -> str:
    """One metric: its formula by kind of charge."""
    found = METRICS[name]
    rows = [(one.charges, one.words, f"`{one.sql}`") for one in found.cur]
    rows.append(("FOCUS, " + found.focus.charges, found.focus.words, f"`{found.focus.sql}`"))
    return f"{found.purpose} Column `{found.column}`.\n\n" + _table(("lines", "count as", "in SQL"), rows)


def required_columns(shape: str) -> str:
    """The columns without which an export is refused."""
    return "\n".join(f"- `{one.name}`" for one in known_columns(shape) if one.required)  # type: ignore[arg-type]


def metric_columns() -> str:
    """The columns of a Cost and Usage Report that single kinds of line need."""
    from finops.engines.layout import Layout

    needs = needed_by(Layout("cur", {}, (), {}))
    return _table(
        ("column", "needed when the export has lines of type"), [(f"`{c}`", ", ".join(t)) for c, t in needs.items()]
    )


BLOCKS: dict[str, Callable[..., str]] = {
    "action-inputs": action_inputs,
    "action-outputs": action_outputs,
    "demo": demo,
    "shared-options": shared_options,
    "verbs": verbs,
    "exit-codes": exit_codes,
    "models": models_of,
    "dependencies": dependencies,
    "metric": metric,
    "required-columns": required_columns,
    "metric-columns": metric_columns,
}


def pages() -> list[Path]:
    """README.md and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(text: str) -> str:
    """A page with its generated parts made anew. Raises KeyError for a part that nothing makes."""

    def block(found: re.Match[str]) -> str:
        name, argument = found["name"], found["argument"]
        made = BLOCKS[name](*([argument] if argument else []))
        return f"<!-- generated: {name}{f' {argument}' if argument else ''} -->\n{made}\n<!-- end -->"

    return _BLOCK.sub(block, text)


def outdated() -> Iterator[tuple[Path, str]]:
    """The pages that are not as they should be, and how they should be."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (right := filled(text)) != text:
            yield page, right


def main(arguments: list[str]) -> int:
    """Write the pages that are out of date, or with --check only name them."""
    check = arguments == ["--check"]
    if arguments and not check:
        print("usage: python -m tests.docs_build [--check]", file=sys.stderr)
        return 2
    stale = list(outdated())
    for page, right in stale:
        name = page.relative_to(ROOT)
        if check:
            print(f"out of date: {name}; make docs writes it anew", file=sys.stderr)
        else:
            page.write_text(right, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if check and stale else 0


# --- the verbs ---------------------------------------------------------------------------------


def _records(verb: str) -> list[tuple[str, str]]:
    """The options and arguments of a verb as --help spells them, each with its meaning."""
    command = load(verb)
    context = command.make_context(verb, [], resilient_parsing=True)
    return [record for one in command.params if (record := one.get_help_record(context))]


def _shared() -> dict[tuple[str, str], list[str]]:
    taken: dict[tuple[str, str], list[str]] = defaultdict(list)
    for verb in VERBS:
        for record in _records(verb):
            taken[record].append(verb)
    return {record: taking for record, taking in taken.items() if len(taking) > 1}


def _verb(verb: str) -> str:
    shared = _shared()
    records = _records(verb)
    # Typer puts the type behind an argument's name; the choices of one are worth reading, `<str>` is not.
    own = [(re.sub(r" <[\w\[\]]+>$", "", name), text) for name, text in records if (name, text) not in shared]
    also = [f"`{name.partition(' ')[0].rstrip(',')}`" for name, text in records if (name, text) in shared]
    parts = [f"### finops {verb}", VERBS[verb]]
    if own:
        parts.append(_table(("own option", "meaning"), [(f"`{name}`", _one_line(text)) for name, text in own]))
    parts.append(f"Shared options: {', '.join(also)}.")
    parts += _output(verb)
    return "\n\n".join(parts)


def _output(verb: str) -> Iterator[str]:
    """The keys of what the verb prints, and of what it prints instead with an option of its own."""
    for one in _schema()["allOf"]:
        command = one["if"]["properties"]["command"]["const"]
        if command.partition(" ")[0] == verb:
            with_option = "" if command == verb else f" of `finops {command}`"
            yield from _keys_of(command, one["then"]["properties"], with_option)


def _keys_of(command: str, parts: dict[str, Any], where: str) -> Iterator[str]:
    first = [("the dimensions as typed", "text", "`resource` is the key `resource_id`")] if command == "spend" else []
    yield f"Rows{where} (`rows[]` in JSON, columns in CSV):"
    yield _keys_table(command, parts["rows"]["items"]["properties"], first)
    for name, total in parts["totals"]["properties"].items():
        if total.get("type") == "array":
            yield f"`totals.{name}[]`:"
            yield _keys_table(command, total["items"]["properties"])
        else:
            yield f"`totals.{name}`: {_kind(total)}, {_meaning(command, name)}."


def _keys_table(verb: str, keys: dict[str, Any], first: Iterable[tuple[str, str, str]] = ()) -> str:
    rows = [*first, *((f"`{key}`", _kind(value), _meaning(verb, key)) for key, value in keys.items())]
    return _table(("key", "value", "meaning"), rows)


def _meaning(verb: str, key: str) -> str:
    known = _KEYS.get(verb, {})
    return known[key] if key in known else models.model("untagged_spend").columns[key]


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return _KINDS[value["$ref"].rpartition("/")[2]]
    if "enum" in value:
        return " or ".join("null" if word is None else f"`{word}`" for word in value["enum"])
    kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
    return " or ".join({"string": "text", "integer": "whole number"}.get(kind, kind) for kind in kinds)


def _schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


# --- the models --------------------------------------------------------------------------------


def _model(one: models.Model) -> str:
    readers = [other.name for other in models.load_models().values() if one.name in other.inputs]
    facts = {
        "file": f"[queries/{one.folder}/{one.name}.sql](../queries/{one.folder}/{one.name}.sql)",
        "grain": one.grain,
        "reads": _code(one.inputs),
        "read by": _code(readers),
        **one.notes,
    }
    lines = [f"- {name}: {text}" for name, text in facts.items() if text]
    columns = _table(("column", "meaning"), [(f"`{name}`", text) for name, text in one.columns.items()])
    return "\n\n".join([f"### {one.name}", one.purpose, "\n".join(lines), columns])


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# --- Markdown ----------------------------------------------------------------------------------


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fenced(text: str) -> str:
    return f"```\n{text}\n```"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
