"""The demo estate: one believable company's ledger, in every shape of export, with the truth beside it.

The tree lies in `<out>/exports/<name of the export>/`, as in a bucket, `truth.json` in `<out>`.
"""

from finops.ingest.demo.business import metrics_csv
from finops.ingest.demo.estate import review_md, settings_toml
from finops.ingest.demo.export import DELIVERIES, SHAPES, write_export
from finops.ingest.demo.invoices import write_invoices
from finops.ingest.demo.truth import truth

__all__ = [
    "DELIVERIES", "SHAPES", "metrics_csv", "review_md", "settings_toml", "truth", "write_export", "write_invoices",
]  # fmt: skip
