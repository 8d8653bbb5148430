"""From the `budget` of environments and the `[[budget]]` tables to budgets; here is what no schema can say of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config.lines import Path
from finops.config.parts import environment_words, known_environment, part_where
from finops.config.schema import PERIODS, SHARE_OF, Mismatch
from finops.config.settings import Budget, Environment, TagPolicy
from finops.config.spellings import fold


def budgets(
    document: Mapping[str, Any],
    environments: Sequence[Environment],
    policy: TagPolicy,
    line_of: Callable[[Path], int],
) -> tuple[Budget, ...]:
    """One budget per period that a table gives a limit for, in the order of the file.

    Raises Mismatch for a table without a limit, an environment nobody knows, and two budgets of one name and period.
    """
    words = environment_words(environments, policy)
    found: dict[tuple[str, str], Budget] = {}
    for path, name, table, where in _tables(document, words, policy):
        limits = [period for period in PERIODS if period in table]
        if not limits:
            raise Mismatch(path, f"the budget {name} has no limit", "month = 720; also hour, day, week, quarter, year")
        for period in limits:
            if (fold(name), period) in found:
                raise Mismatch(path, f'two budgets are called "{name}" and are for a {period}', "name them apart")
            made = _budget(name, period, table, where, (*path, period), words)
            found[fold(name), period] = Budget(**made, line=line_of((*path, period)))
    return tuple(found.values())


def _tables(
    document: Mapping[str, Any], words: Mapping[str, str], policy: TagPolicy
) -> Iterator[tuple[Path, str, Mapping[str, Any], dict[str, tuple[str, ...]]]]:
    for name, environment in document.get("environments", {}).items():
        if "budget" in environment:
            yield ("environments", name, "budget"), name, environment["budget"], {"environment": (name,)}
    for at, row in enumerate(document.get("budget", ())):
        path: Path = ("budget", at)
        yield path, row["name"].strip(), row, part_where(row.get("where", {}), (*path, "where"), words, policy)


def _budget(
    name: str,
    period: str,
    table: Mapping[str, Any],
    where: Mapping[str, tuple[str, ...]],
    path: Path,
    words: Mapping[str, str],
) -> dict[str, Any]:
    limit = table[period]
    share = SHARE_OF.fullmatch(limit) if isinstance(limit, str) else None
    return {
        "name": name,
        "period": period,
        "amount": None if share else Decimal(limit),
        "share": Decimal(share[1]) if share else None,
        "of": known_environment(share[2], path, words) if share else "",
        "where": where,
        "alert": _steps(table, "alert"),
        "forecast_alert": _steps(table, "forecast_alert"),
        "metric": table.get("metric"),
        "owner": table.get("owner", ""),
    }


def _steps(table: Mapping[str, Any], key: str) -> tuple[Decimal, ...]:
    return tuple(sorted({Decimal(step) for step in table.get(key, ())}))
