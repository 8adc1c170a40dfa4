"""What a cart costs: pure functions and frozen dataclasses on Decimal, no database, no clock, no float.

    lines.py       a price for each line, lower for many units             subtotal
    discounts.py   what comes off, behind one Protocol                   - discount
    shipping.py    by weight and region                                  + shipping
    quotes.py      the whole: start reading here                         = total
    taxes.py       how much of the total is tax, rounded once per rate     (in it, not on top)

Every amount has two places, and `shop.money.units.to_cents` is the one rule of rounding, so the parts of an invoice add
up to its total. `docs/decisions/0027-prices-discounts-coupons.md` says why it is cut this way.

Roadmap: commerce/pricing
"""

from orders.pricing.lines import Item, PriceBreak, PricedLine, price_line
from orders.pricing.quotes import LEAST_TOTAL, Quote, add_up, quote
from shop.money.units import to_cents

__all__ = ["LEAST_TOTAL", "Item", "PriceBreak", "PricedLine", "Quote", "add_up", "price_line", "quote", "to_cents"]
