"""The options that verbs share, declared once. What a value means is decided where it is used.

A verb writes `period: Period = None`; every verb takes `db: Db = None` and `config: ConfigFile = None`.
`Format` has the default the verb gives it, `Metric` None for the verb's own.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

FormatName = Literal["table", "json", "csv", "md"]
GithubFormatName = Literal["table", "json", "csv", "md", "github"]
MetricName = Literal["unblended", "net_unblended", "amortized", "net_amortized", "list"]

Format = Annotated[FormatName, typer.Option("--format", help="How to print the rows.")]
GithubFormat = Annotated[
    GithubFormatName, typer.Option("--format", help="How to print the rows; github: notes on the lines of documents.")
]
Period = Annotated[str | None, typer.Option("--period", metavar="YYYY-MM", help="One billing period.")]
Last = Annotated[
    str | None,
    typer.Option("--last", metavar="4w", help="The last whole weeks, days (30d) or months (3m) of the data."),
]
From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="Charges starting on or after this UTC day.")]
To = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Charges starting before this UTC day.")]
Metric = Annotated[MetricName | None, typer.Option("--metric", help="How to count a cost.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="KEY=VALUE",
        help="Only rows of a dimension or tag:KEY; repeated = and, comma = or.",
    ),
]
ExportName = Annotated[
    str | None,
    typer.Option("--export", metavar="NAME", help="Only this export, not the best of each period."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DELIVERY", help="The ledger as it was when this delivery was current."),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to this file instead of stdout.")
]
Db = Annotated[
    Path | None, typer.Option("--db", metavar="FILE", envvar="FINOPS_DB", help="The database of the ledger.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", envvar="FINOPS_CONFIG", help="The settings, a finops.toml."),
]
Inventory = Annotated[
    Path | None,
    typer.Option("--inventory", metavar="FILE", help="Object sizes: an S3 Inventory or Storage Lens CSV."),
]
