"""The budgets that AWS Budgets keeps for the account of the credentials, as it calculates them itself. Only reads.

What AWS reports is the period that holds today, updated two or three times a day (AWS Cost Management user guide,
"Managing your costs with AWS Budgets"): unblended cost unless the budget says otherwise, by default with tax, support,
refunds and credits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from finops.aws import Door, aws_errors
from finops.budgets.document import AWS
from finops.budgets.evaluate import Result, classed, percent
from finops.budgets.periods import window_of
from finops.catalog import Problem
from finops.config.settings import Budget

_PERIODS = {"DAILY": "day", "MONTHLY": "month", "QUARTERLY": "quarter", "ANNUALLY": "year"}
_METRICS = {
    "UnblendedCost": "unblended",
    "NetUnblendedCost": "net_unblended",
    "AmortizedCost": "amortized",
    "NetAmortizedCost": "net_amortized",
    "BlendedCost": "blended",
}
# What a budget leaves out when its cost types say so, in AWS's own words.
_TYPES = {
    "IncludeTax": "tax",
    "IncludeSubscription": "subscriptions",
    "IncludeRefund": "refunds",
    "IncludeCredit": "credits",
    "IncludeUpfront": "upfront fees",
    "IncludeRecurring": "recurring fees",
    "IncludeOtherSubscription": "other subscriptions",
    "IncludeSupport": "support",
    "IncludeDiscount": "discounts",
}
_SCALE = Decimal("1e-10")
_HUNDRED = Decimal(100)


def aws_budgets(door: Door, currency: str, today: date) -> tuple[list[Result], list[Problem]]:
    """Every cost budget of the account, and what to say of the others. Raises EngineError when AWS cannot be asked."""
    with aws_errors(AWS):
        account = str(door.client("sts").get_caller_identity()["Account"])
        client = door.client("budgets")
        asked = {"AccountId": account}
        found = list(_pages(client, "describe_budgets", "Budgets", {**asked, "ShowFilterExpression": True}))
        # Without budgets AWS answers the second question with an error.
        told = _pages(client, "describe_budget_notifications_for_account", "BudgetNotificationsForAccount", asked)
        notices = {one["BudgetName"]: one["Notifications"] for one in (told if found else ())}
    costs = [one for one in found if one["BudgetType"] == "COST"]
    results = [_result(one, notices.get(one["BudgetName"], ()), currency, today) for one in costs]
    return results, [_differences(account, len(costs)), *_others(found)]


def _pages(client: Any, operation: str, key: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**asked):
        yield from page.get(key, ())


def _differences(account: str, count: int) -> Problem:
    text = (
        f"account {account} has {count} cost budget(s) in AWS Budgets: unblended cost with tax, support, refunds and "
        "credits unless one says otherwise, days that are not complete included, calculated two or three times a day"
    )
    return Problem("aws_budgets", text, AWS)


def _others(found: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    by_type: dict[str, list[str]] = defaultdict(list)
    for one in found:
        if one["BudgetType"] != "COST":
            by_type[one["BudgetType"]].append(one["BudgetName"])
    for kind, names in by_type.items():
        yield Problem("budget_of_no_cost", f"no budget of cost, but of {kind}: {', '.join(names)}", AWS)


def _result(one: Mapping[str, Any], notices: Sequence[Mapping[str, Any]], currency: str, today: date) -> Result:
    limit = _limit(one, today)
    amount = _money(limit) if limit else None
    budget = Budget(
        one["BudgetName"],
        _PERIODS.get(one["TimeUnit"], "custom"),
        amount,
        alert=_steps(notices, "ACTUAL", amount),
        forecast_alert=_steps(notices, "FORECASTED", amount),
    )
    result = Result(budget, _metric(one), "could_not_check", _detail(one), *_span(one, budget.period, today))
    reason = _doubt(one, limit, currency)
    return replace(result, detail="; ".join((reason, result.detail))) if reason else _calculated(result, one)


def _calculated(result: Result, one: Mapping[str, Any]) -> Result:
    spend, limit = one["CalculatedSpend"], result.budget.amount or Decimal(0)
    actual = _money(spend["ActualSpend"])
    ahead = _money(spend["ForecastedSpend"]) if spend.get("ForecastedSpend") else None
    found = replace(
        result,
        limit=limit,
        actual=actual,
        forecast=ahead,
        used=percent(actual, limit),
        forecast_used=None if ahead is None else percent(ahead, limit),
    )
    return classed(found, limit)


def _doubt(one: Mapping[str, Any], limit: Mapping[str, str] | None, currency: str) -> str | None:
    """Why AWS's figures are no answer; None when they are."""
    if limit is None:
        return "AWS tells no limit for the period"
    if limit["Unit"] != currency:
        return f"it is in {limit['Unit']}, the bill in {currency}"
    health = one.get("HealthStatus", {})
    if health.get("Status") == "UNHEALTHY":
        return f"AWS calls it unhealthy: {health.get('StatusReason', 'no reason given')}"
    return None if one.get("CalculatedSpend", {}).get("ActualSpend") else "AWS has not calculated it yet"


def _limit(one: Mapping[str, Any], today: date) -> Mapping[str, str] | None:
    """The limit of the period; of planned ones the last that has begun: AWS numbers them by their first second."""
    limits: dict[str, Mapping[str, str]] = one.get("PlannedBudgetLimits") or {}
    begun = [second for second in map(int, limits) if datetime.fromtimestamp(second, UTC).date() <= today]
    planned = limits[str(max(begun))] if begun else None
    return one.get("BudgetLimit") or planned


def _span(one: Mapping[str, Any], period: str, today: date) -> tuple[date | datetime, date | datetime]:
    if period == "custom":
        return one["TimePeriod"]["Start"].date(), one["TimePeriod"]["End"].date()
    window = window_of(period, today)
    return window.start, window.end


def _money(amount: Mapping[str, str]) -> Decimal:
    """AWS's amount at the ledger's 10 decimals: its own digits behind them are those of a binary fraction."""
    return Decimal(amount["Amount"]).quantize(_SCALE, ROUND_HALF_EVEN)


def _steps(notices: Sequence[Mapping[str, Any]], kind: str, amount: Decimal | None) -> tuple[Decimal, ...]:
    """The thresholds of notifications as shares of the limit."""
    found = set()
    for one in notices:
        if one["NotificationType"] == kind and one["ComparisonOperator"] != "LESS_THAN":
            whole = one.get("ThresholdType") == "ABSOLUTE_VALUE"
            if not whole or amount:
                found.add(Decimal(str(one["Threshold"])) / (amount if whole and amount else _HUNDRED))
    return tuple(sorted(found))


def _metric(one: Mapping[str, Any]) -> str:
    if one.get("Metrics"):
        return ", ".join(_METRICS.get(name, name) for name in one["Metrics"])
    types = one.get("CostTypes", {})
    return "blended" if types.get("UseBlended") else "amortized" if types.get("UseAmortized") else "unblended"


def _detail(one: Mapping[str, Any]) -> str:
    left_out = [words for key, words in _TYPES.items() if one.get("CostTypes", {}).get(key) is False]
    filters = one.get("CostFilters", {})
    parts = [
        f"without {', '.join(left_out)}" if left_out else "",
        *(f"only {key} {', '.join(values)}" for key, values in filters.items()),
        "only what its filter expression names" if one.get("FilterExpression") and not filters else "",
        f"updated {one['LastUpdatedTime']:%Y-%m-%d %H:%M} UTC" if one.get("LastUpdatedTime") else "",
    ]
    return "; ".join(filter(None, parts))
