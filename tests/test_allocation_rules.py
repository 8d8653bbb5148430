"""The [[allocate]] tables of finops.toml: what they give, and how they are refused."""

from decimal import Decimal

import pytest

from finops.config import Allocation, parse_settings
from finops.errors import ConfigError

TAGS = """\
[tags.values.Environment]
allowed = ["dev", "prod"]
aliases = { prod = ["production"] }
"""


def rules(text: str) -> tuple[Allocation, ...]:
    return parse_settings(TAGS + text).allocate


def rule(*lines: str) -> str:
    return "\n".join(["[[allocate]]", 'name = "r"', *lines])


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        rules(text)
    return caught.value


def test_rules_keep_their_order_and_their_figures_are_exact() -> None:
    found = rules(
        rule('to = "proportional"', 'by = ["list", "account"]', 'where = { service = "AmazonEKS" }')
        + '\n[[allocate]]\nname = "shares"\nfor = "tag:environment"\nto = "fixed"\n'
        "shares = { Production = 62.5, dev = 37.5 }"
    )
    assert found == (
        Allocation("r", "proportional", {"service": ("AmazonEKS",)}, by=("list", "account")),
        Allocation("shares", "fixed", tags=("Environment",), shares={"prod": Decimal("62.5"), "dev": Decimal("37.5")}),
    )


def test_values_are_read_as_the_tag_policy_reads_them() -> None:
    (found,) = rules(
        rule(
            'for = ["tag:env-ironment"]', 'to = "even"', 'among = ["PROD", "production"]',
            'where = { "tag:Environment" = ["Dev", "(invalid)"] }',
        )
    )  # fmt: skip
    assert (found.tags, found.among) == (("Environment",), ("prod",))
    assert found.where == {"tag:Environment": ("dev", "(invalid)")}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (rule(), 4, "needs to"),
        (rule('to = "equal"'), 6, '"even", "fixed" or "proportional"'),
        (rule('to = "even"', "wher = {}"), 7, "did you mean where?"),
        (rule('to = "even"', 'where = { servce = "a" }'), 7, "did you mean service?"),
        (rule('to = "even"', "where = { service = [] }"), 7, "fits no line"),
        (rule('to = "even"', 'where = { tag = "web" }'), 7, '"tag:Project" = "web"'),
        (rule('to = "even"', 'where = { "tag:Environment" = "live" }'), 7, "no valid value of Environment"),
        (rule('to = "even"', 'by = "spend"'), 7, "by means nothing"),
        (rule('to = "even"', 'among = ["a"]'), 4, "for one tag"),
        (rule('to = "even"', 'for = ["tag:Environment", "tag:Owner"]', 'among = ["dev"]'), 4, "for one tag"),
        (rule('to = "even"', 'for = "tag:Environment"', 'among = ["live"]'), 8, "no valid value of Environment"),
        (rule('to = "even"', 'for = "service"'), 7, "is no tag"),
        (rule('to = "proportional"', 'by = "amortised"'), 7, "did you mean amortized?"),
        (rule('to = "proportional"', 'by = ["list", "spend"]'), 7, "one metric"),
        (rule('to = "proportional"', "shares = { a = 100 }"), 7, "shares means nothing"),
        (rule('to = "fixed"'), 4, "needs shares"),
        (rule('to = "fixed"', 'for = "tag:Owner"', "shares = { a = 60, b = 39.9 }"), 8, "99.9 percent"),
        (rule('to = "fixed"', 'for = "tag:Owner"', "shares = { a = 110, b = -10 }"), 8, "above 0"),
        (rule('to = "fixed"', "shares = { a = 100 }"), 4, "for one tag"),
        (rule('to = "fixed"', 'for = "tag:Environment"', "shares = { prod = 50, production = 50 }"), 8, "same value"),
        (rule('to = "even"') + "\n" + rule('to = "even"'), 8, "two rules"),
        ('[[allocate]]\nname = " (direct)"\nto = "even"', 5, "begin with ("),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    error = refused(text)
    assert error.where == f"finops.toml:{line}"
    assert words in "\n".join(error.lines())
    assert len(error.lines()) <= 3
