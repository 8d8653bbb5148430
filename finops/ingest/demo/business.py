"""What the company sells: orders, revenue and users by day, for the unit economics of the demo.

A coffee shop sells most on Fridays and Saturdays and grows a little each month. As everywhere in the estate the noise
is a checksum of the day: the same in every run.
"""

from collections.abc import Iterator
from zlib import crc32

from finops.ingest.demo.periods import HOURS_A_DAY, moment, months_since, periods, weekday

_HEADER = "date,metric,value\n"
# In percent of a mean day, from Monday.
_WEEK = (84, 86, 92, 100, 118, 124, 96)
_ORDERS, _USERS = 26, 315
_CENTS_AN_ORDER = 1540
_GROWTH, _NOISE = 12, 60
_PERCENT, _PER_MILLE = 100, 1000


def metrics_csv(months: int) -> str:
    """The file of measures over the billing periods of the demo, to the last day of its data."""
    return _HEADER + "".join(_rows(months))


def _rows(months: int) -> Iterator[str]:
    for period in periods(months):
        for hour in range(period.start, period.cutoff - HOURS_A_DAY + 1, HOURS_A_DAY):
            day = f"{moment(hour):%Y-%m-%d}"
            orders = _measure("orders", hour, _ORDERS)
            cents = orders * (_CENTS_AN_ORDER + _noise(f"basket/{day}"))
            yield f"{day},orders,{orders}\n"
            yield f"{day},revenue,{cents // _PERCENT}.{cents % _PERCENT:02d}\n"
            yield f"{day},users,{_measure('users', hour, _USERS)}\n"


def _measure(name: str, hour: int, mean: int) -> int:
    growth = _PER_MILLE + _GROWTH * months_since(hour, 2026, 8)
    noise = _PER_MILLE + _noise(f"{name}/{hour}")
    return mean * _WEEK[weekday(hour)] * growth * noise // (_PERCENT * _PER_MILLE * _PER_MILLE)


def _noise(seed: str) -> int:
    return crc32(seed.encode()) % (2 * _NOISE + 1) - _NOISE
