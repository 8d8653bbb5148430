"""A line item: an `Item` says what is charged, a `Line` says when and how much."""

from dataclasses import dataclass, field

Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """What stays the same from hour to hour. Rates are in units of 1e-10 USD per unit of usage.

    `more` holds the text columns only some types have, by their CUR 2.0 name. Items are compared by identity:
    one item gives at most one line per interval.
    """

    type: str
    account: str
    product: str
    invoice: str
    meter: str = ""
    resource: str = ""
    key: str = ""
    region: str = ""
    zone: str = ""
    usage_type: str = ""
    operation: str = ""
    description: str = ""
    unit: str = ""
    family: str = ""
    servicecode: str = ""
    instance_type: str = ""
    rate: int | None = None
    public_rate: int | None = None
    term: str = ""
    bill_type: str = "Anniversary"
    billing_entity: str = "AWS"
    tags: Tags = ()
    cost_category: str = ""
    more: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Line:
    """One line item; hours since 1970, half-open; money and amounts in units of 1e-10.

    `net` is None in a month without a discount. `more` holds the costs only some types have, by CUR 2.0 name,
    `discounts` what was taken off, each with the type of its discount line.
    """

    item: Item
    start: int
    end: int
    amount: int
    unblended: int
    public: int = 0
    net: int | None = None
    more: dict[str, int] = field(default_factory=dict)
    discounts: tuple[tuple[str, int], ...] = ()
