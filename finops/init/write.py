"""The text of a commented finops.toml. `# words` explain; `#key = value` is a setting to switch on."""

import json
import re
from collections.abc import Iterable, Mapping

from finops.init.profiles import Profile, Values
from finops.init.seen import Seen

_SHOWN = 20
_HEAD = """\
# The settings of finops. Changing one never needs a new ingest.
# A line that begins with `#` and no blank behind it is a setting: take the `#` away to switch it on.
"""
_SCOPES = """\
# Another policy in some places, told by environment, account, region or service: what is required there as well, what
# is optional there, which values are allowed there. The first scope that fits and names a tag decides for it.
#[[tags.scope]]
#where = { account = ["200000000010"] }
#optional = ["Owner"]

# What stands in where a tag is missing, and then counts as tagged: "account" (the map accounts), "environment" (that of
# the account or region) or "cost_category:NAME". Every figure made with it says so.
#[tags.virtual.Owner]
#by = ["account", "cost_category:team"]
#accounts = { "200000000030" = "web" }
"""
_ALLOCATE = """\
# Who pays for shared cost: `finops spend --by tag:Project --allocate`. Rules apply in this order; what none takes
# stays where it is. `to` is "proportional" (by spend, by another metric, within a dimension), "even" or "fixed".
#[[allocate]]
#name = "tax and credits"
#where = { charge_category = ["Tax", "Credit"] }
#to = "proportional"
#
#[[allocate]]
#name = "shared cluster"
#for = "tag:Project"
#where = { "tag:Project" = "platform" }
#to = "fixed"
#shares = { web = 60, data = 40 }
#
#[[allocate]]
#name = "untagged"
#where = { tag = ["(untagged)", "(untaggable)"] }
#to = "proportional"
#by = ["spend", "account"]
"""
_BUDGET = """\
# Budgets for any other part of the bill: `finops variance --budgets`. A limit is money per hour, day, week, month,
# quarter or year, or a share of an environment ("30% of prod"); an environment has its own in `budget` above.
#[[budget]]
#name = "storage"
#where = { service = "AmazonS3" }
#month = 200
#alert = [0.8, 1.0]
#forecast_alert = [1.0]
"""
_UNITS = """\
# What an order or a user costs, and cost as a share of revenue: `finops spend --by month --per orders`. The file has
# the columns date, metric, value; `where` is the part of the bill that counts, `target` the most a unit may cost.
#[units]
#file = "metrics.csv"
#metrics.orders = { target = 0.05 }
#metrics.revenue = { currency = "USD", target = "20%" }
"""
_CHECK = """\
# Who answers for what: the value of a tag, else the account. A handle is whom to write to.
#[owners]
#tag = "Owner"
#handles = { web = "@web-team" }
#accounts = { "200000000030" = "web" }

# Where data may be, and why; spend elsewhere is a finding of `finops tag-gaps`.
#[[residency]]
#where = { "tag:DataClassification" = ["restricted"] }
#regions = ["eu-west-2", "eu-central-1"]
#reason = "restricted data stay in the UK and the EU"

# What makes `finops check` fail.
[check]
#fail_on = ["budget", "anomaly", "stale"]
#tag_coverage = 95  # percent of the cost that can be tagged
#max_age_hours = 36

# Whom `finops notify` tells what a saved check found. What is secret stands in the environment variables named here.
#[notify.slack]
#url_env = "SLACK_WEBHOOK_URL"
#
#[notify.webhook]
#url_env = "FINOPS_WEBHOOK_URL"
#token_env = "FINOPS_WEBHOOK_TOKEN"
#
#[notify.email]
#host = "smtp.example.com"
#security = "starttls"
#user_env = "SMTP_USER"
#password_env = "SMTP_PASSWORD"
#from = "finops@example.com"
#to = ["finops-team@example.com"]

# How many predecessors of each delivery stay readable, for `finops report --as-of DELIVERY`.
[ledger]
#keep_deliveries = 1

# Findings that are known and accepted, each with its reason.
#[[suppress]]
#rule = "untagged_spend"
#where = { resource = "arn:aws:s3:::legacy-*" }
#reason = "moves to the new bucket in the first quarter"
#until = 2027-03-31

# Changes of cost that are expected, so no anomaly.
#[[planned]]
#where = { service = "AmazonEC2" }
#date = 2027-01-15
#note = "load test"
"""

_ADVICE = """\
# What is worth telling as an anomaly; `finops anomalies --replay 90d` says what other thresholds would have told.
#[anomalies]
#min_impact = 10
#min_percent = 20

# How much of the steady usage may be committed, year by year of the estate: `finops recommend commitments`.
#[commitments]
#start = 2026-01-01
#years = [{ year = 1, share = 0 }, { year = 2, share = 50, terms = ["1yr"] }, { year = 3, share = 75 }]

# Where an interruption hurts nobody, and what may stop when nobody works (hours in UTC, Monday to Friday).
#[spot]
#tolerant = ["dev", "test"]
#
#[waste]
#environments = ["dev", "test"]
#office_start = 7
#office_end = 19

# Your own standards of storage and logs: `finops recommend lifecycle` holds them against the bill.
#[[lifecycle.s3]]
#name = "staging zone"
#buckets = ["*-staging"]
#transitions = { STANDARD_IA = 30 }
#
#[[lifecycle.s3]]
#name = "raw zone"
#buckets = ["*-raw"]
#transitions = { GLACIER = 180 }
#noncurrent_days = 365
#
#[[lifecycle.s3]]
#name = "query results"
#buckets = ["aws-athena-query-results-*"]
#expire_days = 7
#
#[[lifecycle.logs]]
#name = "application logs"
#groups = ["/ecs/*", "/aws/lambda/*"]
#retention_days = 90
"""


def settings_text(profile: Profile, seen: Seen) -> str:
    """A finops.toml from a profile, with what was seen as comments and suggestions. It loads as it is."""
    rules = [_values(one, seen) for one in profile.values]
    parts = [
        _HEAD,
        _tags(profile),
        _seen_keys(seen),
        *rules,
        _SCOPES,
        *_environments(profile, seen),
        _BUDGET,
        _UNITS,
        _ALLOCATE,
        _CHECK,
        _ADVICE,
    ]
    return "\n".join(part for part in parts if part)


def quoted(text: str) -> str:
    """A text as a TOML basic string, on one line whatever is in it."""
    # JSON escapes what TOML does, all but DEL and the line ends of Unicode that an editor may break at.
    plain = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", plain)


def _tags(profile: Profile) -> str:
    return (
        f"# Tags: {profile.says}.\n"
        "[tags]\n"
        "# What every resource has to carry; `finops tag-gaps` shows the cost of those that do not.\n"
        f"required = {_list(profile.required)}\n"
        f"optional = {_list(profile.optional)}\n"
        "# `finops tag-gaps --infer` suggests a value only by what is right for this percentage of the known ones.\n"
        "#infer_precision = 95\n"
        "\n"
        "# Other spellings of a key. Upper and lower case and separators are matched without being listed:\n"
        "# CostCenter, cost-center, COST_CENTER and user:costcenter are one key.\n"
        "[tags.keys]\n"
        '#Environment = ["env", "stage"]\n'
    )


def _seen_keys(seen: Seen) -> str:
    if not seen.keys:
        return ""
    lines = ["# Tag keys in the bill, and how many distinct sets of tags give them a value:"]
    for one in seen.keys[:_SHOWN]:
        read = f", read as {one.tag}" if one.tag else ""
        lines.append(f"#   {quoted(one.key)}: {one.sets:,}{read}")
    return "\n".join([*lines, *_more(len(seen.keys), "keys")]) + "\n"


def _values(one: Values, seen: Seen) -> str:
    settings = [f"[tags.values.{_key(one.tag)}]"]
    if one.allowed:
        settings.append(f"allowed = {_list(one.allowed)}")
    if one.aliases:
        settings.append(f"aliases = {_inline(one.aliases)}")
    if one.pattern:
        settings.append(f"pattern = {quoted(one.pattern)}")
    mark = "" if one.active else "#"
    return "\n".join([f"# {one.why}", *(mark + line for line in settings), *_seen_values(one, seen)]) + "\n"


def _seen_values(one: Values, seen: Seen) -> list[str]:
    found = seen.values.get(one.tag, ())
    if not found:
        return []
    lines = ["# In the bill:"]
    for value in found[:_SHOWN]:
        read = "not allowed" if value.value is None else f"read as {quoted(value.value)}"
        note = "" if value.raw == value.value else f", {read}"
        lines.append(f"#   {quoted(value.raw)}: {value.sets:,}{note}")
    return [*lines, *_more(len(found), "values")]


def _environments(profile: Profile, seen: Seen) -> list[str]:
    printed = [value.value for value in seen.values.get("Environment", ()) if value.value is not None]
    names = list(dict.fromkeys(printed)) or list(profile.policy.values["Environment"].allowed)
    head = (
        "# Environments: what belongs to each, by tag, else by account, else by region. Estimates are\n"
        "# documents with cost tables; a budget is money per month, with the shares that raise an alert.\n"
    )
    return [head + _seen_places(seen), *(_environment(name, seen) for name in names[:_SHOWN])]


def _seen_places(seen: Seen) -> str:
    lines = []
    for word, places in (("Accounts", seen.accounts), ("Regions", seen.regions)):
        named = [place for place, environments in places.items() if environments]
        others = [place for place, environments in places.items() if not environments]
        if places:
            lines.append(f"# {word} in the bill, with the environments that tags name there:")
        lines.extend(f"#   {quoted(place)}: {', '.join(map(quoted, places[place]))}" for place in named[:_SHOWN])
        lines.extend(_more(len(named), word.lower()))
        if others:
            more = ", ..." if len(others) > _SHOWN else ""
            lines.append(f"#   none in {', '.join(map(quoted, others[:_SHOWN]))}{more}")
    return "".join(line + "\n" for line in lines)


def _environment(name: str, seen: Seen) -> str:
    match = {
        "tag:Environment": (name,),
        "account": _only(name, seen.accounts),
        "region": _only(name, seen.regions),
    }
    documents = seen.documents or ("docs/well-architected-review.md",)
    lines = (
        f"[environments.{_key(name)}]",
        f"match = {_inline({kind: values for kind, values in match.items() if values})}",
        f"estimates = {_list(documents)}",
        "budget = { month = 1000, alert = [0.5, 0.8, 1.0] }",
    )
    return "".join(f"#{line}\n" for line in lines)


def _only(name: str, places: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The places where tags name this environment and no other: what is shared belongs to none."""
    return tuple(place for place, environments in places.items() if environments == (name,))


def _more(count: int, word: str) -> list[str]:
    return [f"#   and {count - _SHOWN:,} more {word}"] if count > _SHOWN else []


def _inline(table: Mapping[str, Iterable[str]]) -> str:
    return "{ " + ", ".join(f"{_key(key)} = {_list(values)}" for key, values in table.items()) + " }"


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(map(quoted, values)) + "]"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)
