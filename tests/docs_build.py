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
from tests.docs_keys import KEYS
from tests.docs_notebook import notebook

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "schema" / "output.schema.json"

_BLOCK = re.compile(r"<!-- generated: (?P<name>[\w-]+)(?: (?P<argument>[\w-]+))? -->\n.*?<!-- end -->", re.DOTALL)

# Keys that are named by what was typed.
_FIRST = {
    "spend": [("the dimensions as typed", "text", "`resource` is the key `resource_id`")],
    "spend --per": [("the dimensions as typed", "text", "`resource` is the key `resource_id`")],
    "variance --why": [
        ("`environment`", "text", "by the rules of `[environments]`; with `--by` the key is what was typed")
    ],
}
# Commands that are no whole command line yet.
# An option that takes a value is written with one.
_TYPED = {"anomalies --replay": "anomalies --replay 90d", "spend --per": "spend --per METRIC"}
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
    flow = (one for folder in models.FOLDERS for one in models.folder(folder))
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
    "notebook": notebook,
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
        if command.partition(" --")[0] == verb:
            with_option = "" if command == verb else f" of `finops {_TYPED.get(command, command)}`"
            yield from _keys_of(command, one["then"]["properties"], with_option)


def _keys_of(command: str, parts: dict[str, Any], where: str) -> Iterator[str]:
    yield f"Rows{where} (`rows[]` in JSON, columns in CSV):"
    yield _keys_table(command, parts["rows"]["items"]["properties"], _FIRST.get(command, ()))
    for name, total in parts["totals"]["properties"].items():
        if "properties" in total.get("items", {}):
            yield f"`totals.{name}[]`:"
            yield _keys_table(command, total["items"]["properties"])
        else:
            yield f"`totals.{name}`: {_kind(total)}, {_meaning(command, name)}."


def _keys_table(verb: str, keys: dict[str, Any], first: Iterable[tuple[str, str, str]] = ()) -> str:
    rows = [*first, *((f"`{key}`", _kind(value), _meaning(verb, key)) for key, value in keys.items())]
    return _table(("key", "value", "meaning"), rows)


def _meaning(verb: str, key: str) -> str:
    known = KEYS.get(verb, {})
    return known[key] if key in known else models.model("untagged_spend").columns[key]


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return _KINDS[value["$ref"].rpartition("/")[2]]
    if "enum" in value:
        return " or ".join("null" if word is None else f"`{word}`" for word in value["enum"])
    kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
    return " or ".join({"string": "text", "integer": "whole number", "array": "list"}.get(kind, kind) for kind in kinds)


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
