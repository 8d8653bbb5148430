"""Which rules apply to what was asked, and what of the ledger they look at."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.config.policy import tag_of
from finops.config.schema import METRICS, NO_VALUE
from finops.config.settings import Allocation, Settings, TagPolicy
from finops.dimensions import Clause, Dimension, dimension
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.reader import Ledger

# What a rule takes unless it says otherwise: an invalid value still says that somebody owns the cost.
UNATTRIBUTED = ("(untagged)", "(untaggable)")
SPEND = "spend"


@dataclass(frozen=True)
class Rule:
    """A rule as it applies here: `metric` measures its proportion, `within` are the dimensions it is taken within."""

    allocation: Allocation
    metric: str
    within: tuple[str, ...]

    @property
    def name(self) -> str:
        """What an allocated row calls it."""
        return self.allocation.name

    @property
    def how(self) -> str:
        """How it divides, in words."""
        one = self.allocation
        if one.to == "fixed":
            return "fixed: " + ", ".join(f"{value} {share.normalize():f}%" for value, share in one.shares.items())
        measure = next((word for word in one.by if word in METRICS), SPEND)
        text = "even" if one.to == "even" else f"proportional to {measure}"
        text += f" within {', '.join(self.within)}" if self.within else ""
        return text + (f" among {', '.join(one.among)}" if one.among else "")


@dataclass(frozen=True)
class Plan:
    """`by` are the dimensions asked for, `tag_at` is the place of the one that is allocated.

    `dimensions` are these and all that the rules look at, each once; joins go by their place in it.
    """

    by: tuple[Dimension, ...]
    tag_at: int
    rules: tuple[Rule, ...]
    dimensions: tuple[Dimension, ...]

    def expression(self, word: str) -> str:
        """The SQL of a dimension's value."""
        at = next(at for at, one in enumerate(self.dimensions) if one.word == word)
        return self.dimensions[at].expression(at)

    @property
    def tag(self) -> Dimension:
        """The tag whose values the cost is allocated to."""
        return self.by[self.tag_at]

    @property
    def within(self) -> tuple[str, ...]:
        """The dimensions within which any rule takes its proportion."""
        return tuple(dict.fromkeys(word for rule in self.rules for word in rule.within))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that the rules measure by."""
        return tuple(dict.fromkeys(rule.metric for rule in self.rules))


def plan(ledger: Ledger, by: Sequence[Dimension]) -> Plan:
    """The plan for an open ledger.

    Raises UsageError when no tag is asked for, or a rule measures by a metric that the export cannot give.
    """
    tag_at = _tag_at(by)
    rules = tuple(_rule(one, ledger) for one in _applying(ledger.settings, by[tag_at]))
    extra = [dimension(word) for rule in rules for word in _words(rule.allocation)]
    known = {one.word: one for one in (*by, *extra)}
    return Plan(tuple(by), tag_at, rules, tuple(known.values()))


def dimensions_needed(settings: Settings, by: Sequence[Dimension]) -> str:
    """The dimensions asked for and those the rules look at, as `--by` spells them."""
    extra = [word for rule in _applying(settings, by[_tag_at(by)]) for word in _words(rule)]
    words = dict.fromkeys([*(one.word for one in by), *extra])
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(words)
    return text.getvalue()


def fits(plan: Plan, rule: Rule, policy: TagPolicy) -> Clause:
    """The condition that a line is one the rule takes, as far as no earlier rule did."""
    where = dict(rule.allocation.where)
    says = where.pop("tag", None)
    if says is None and not any(_is(word, plan.tag, policy) for word in where):
        says = UNATTRIBUTED
    conditions = [(plan.expression(word), values) for word, values in where.items()]
    if says is not None:
        conditions.append((plan.expression(plan.tag.word), says))
    sql = " and ".join(f"{expression} in ({', '.join('?' * len(values))})" for expression, values in conditions)
    return Clause(sql, tuple(value for _, values in conditions for value in values))


def has_value(value: str) -> bool:
    """Whether a row names a value of its tag: somebody that cost can be given to."""
    return value not in NO_VALUE


def _tag_at(by: Sequence[Dimension]) -> int:
    place = next((at for at, one in enumerate(by) if one.word.startswith("tag:")), None)
    if place is None:
        raise UsageError(
            "--allocate gives cost to the values of a tag, and --by names none", fix="--by tag:Project --allocate"
        )
    return place


def _applying(settings: Settings, tag: Dimension) -> list[Allocation]:
    asked = tag_of(settings.tags, tag.argument or "")
    return [rule for rule in settings.allocate if not rule.tags or asked in rule.tags]


def _rule(allocation: Allocation, ledger: Ledger) -> Rule:
    metric = next((word for word in allocation.by if word in METRICS), ledger.ask.metric)
    if metric in ledger.unavailable:
        raise UsageError(
            f"the export cannot give {metric} cost: it has no usable {ledger.unavailable[metric]}",
            f'[[allocate]] "{allocation.name}"',
            'by = "spend" is the metric that is asked for',
        )
    return Rule(allocation, metric, tuple(word for word in allocation.by if word not in (SPEND, *METRICS)))


def _words(rule: Allocation) -> list[str]:
    """The dimensions a rule looks at."""
    return [*(word for word in rule.where if word != "tag"), *(w for w in rule.by if w not in (SPEND, *METRICS))]


def _is(word: str, tag: Dimension, policy: TagPolicy) -> bool:
    if not word.startswith("tag:"):
        return False
    return tag_of(policy, dimension(word).argument or "") == tag_of(policy, tag.argument or "")
