"""The table of verbs: what `finops --help` lists and which module does the work.

A verb is one module of this package with a function `run`: its parameters are the options, the first line
of its docstring is the line given here, what it returns is the exit code (None counts as 0). A verb may be two
words: `estimates read` is the module `estimates_read`.
"""

import re

VERBS: dict[str, str] = {
    "init": "Write a commented finops.toml, filled from the exports it is pointed at.",
    "settings": "Check finops.toml alone: every key, every value, and whether they contradict each other.",
    "demo": "Make a believable company's bill and show a report of it.",
    "ingest": "Load billing exports from folders, files or S3, or daily cost from Cost Explorer, into the ledger.",
    "status": "Show what is loaded: exports, periods, deliveries, finality.",
    "spend": "Show spend by one or more dimensions.",
    "tag-gaps": "Show which required tags are missing or wrong, why, what it costs and who can fix it.",
    "reconcile": "Tie the export to Cost Explorer or to the invoices, and name each difference.",
    "report": "Write the weekly or monthly cost report.",
    "estimates read": "Read the cost figures of architecture documents, with file and line, and check their sums.",
    "estimates propose": "Propose a document whose costs are those of the bill, as a unified diff.",
    "variance": "Hold the estimates of documents against the bill, line by line; or say why cost changed.",
    "anomalies": "Find what left the ordinary in daily cost: since when, how much, why, whose.",
    "recommend": "Advise everything in the order it is taken: what each saves then, and one total that "
    "counts nothing twice.",
    "recommend commitments": "Advise Savings Plans and reservations from the hours of the bill; name what "
    "is held and unused.",
    "recommend spot": "Advise which usage could run on Spot, and what is left of the saving after commitments.",
    "recommend waste": "Find what runs for nothing, fits badly or never sleeps, as far as the bill alone proves it.",
    "recommend lifecycle": "Advise storage classes and retention from what the bill says is stored, read and kept.",
    "recommend accept": "Accept advice: keep what it promises and what the bill shows before, to hold "
    "later bills against it.",
    "recommend accepted": "Hold the bill against the advice that was accepted: promised, realised, on track.",
    "recommend withdraw": "Take accepted advice back: later bills are not held against it any more.",
    "recommend claims": "Hold savings that documents claim against the bill's own rates, with file and line.",
    "prices status": "Show how old the price lists are, and which usage of the bill no price is known for.",
    "prices refresh": "Ask AWS for today's prices of what the bill uses, and keep them beside the database.",
    "check": "Check the bill for CI: budgets, estimates, anomalies, tag coverage, new gaps, the export, its age.",
    "notify": "Tell Slack, a webhook or people by mail what a saved check found, each event once.",
    "explore": "Show a page on this machine to slice spend, drill to line items and compare periods.",
    "explain": "Explain a metric, a model, a column, a finding or advice: formula, settings, rows, prices, deliveries.",
    "doctor": "Check the set-up, from this machine to the bill in AWS; change nothing.",
    "db upgrade": "Make what another version of finops loaded anew, from the store alone.",
    "db vacuum": "Remove what no delivery owns any more, and write the catalog anew.",
    "db export": "Write line items and marts of every current delivery as Parquet, with a manifest.",
    "db anonymise": "Write a database with the same costs under other names, for a report of a bug.",
    "sql": "Print the SQL of a model in the dialect of an engine.",
}


def module_of(verb: str) -> str:
    """The dotted name of the module that implements a verb."""
    return "finops.cli." + re.sub("[- ]", "_", verb)
