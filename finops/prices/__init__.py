"""Prices and where each comes from: the user's own rates first, then dated price lists, else unknown."""

from finops.prices.lookup import OwnRate, Price, PriceBook, price_of, sku_keys
from finops.prices.room import PriceRow, own_folder, read_prices

__all__ = ["OwnRate", "Price", "PriceBook", "PriceRow", "own_folder", "price_of", "read_prices", "sku_keys"]
