"""The demo catalogue: reads the `*.toml` files beside it and puts what they say into the database, once.

    categories.toml ─► Shelf ─► Category            each leaf's own file ─► Offer ─► Product, then stock.receive

A second run changes nothing: what stands in the database has been somebody's since, its price and its stock included.
Refuses: a category, key or price that makes no sense, naming the file and the product.

Roadmap: databases/data-types
"""

import re
import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from django.db import transaction
from django.utils import timezone

from shop import stock
from shop.cache.changes import shelves_changed
from shop.models import Category, Product
from shop.money.tax_classes import TaxClass

FOLDER = Path(__file__).parent
PRICE = re.compile(r"\d{1,10}\.\d\d")


class CatalogueMistake(ValueError):
    """A catalogue file says something that cannot be put on a shelf."""


class Shelf(NamedTuple):
    """One category as written; one with a parent has a file of offers of the same name."""

    slug: str
    name: str
    description: str
    parent: str = ""


class Offer(NamedTuple):
    """One product as written, and how many units the first delivery brings."""

    sku: str
    slug: str
    name: str
    description: str
    price: Decimal
    stock: int
    attributes: dict[str, Any]
    listed: bool = True
    tax_class: str = TaxClass.STANDARD
    trade_price: Decimal | None = None
    cost: Decimal | None = None
    bulk: dict[str, str] = {}  # from so many units on, the price of each, as in { 10 = "16.50" }


Row = TypeVar("Row", Shelf, Offer)


def read_shelves(folder: Path = FOLDER) -> list[Shelf]:
    """Return the categories in the order of the file, parents before children."""
    shelves = [_written(Shelf, row, "categories.toml") for row in _rows(folder / "categories.toml", "category")]
    known = {""}
    for shelf in shelves:
        if shelf.parent not in known:
            raise CatalogueMistake(f'categories.toml: "{shelf.parent}" must stand above "{shelf.slug}", its child.')
        known.add(shelf.slug)
    return shelves


def read_offers(shelf: Shelf, folder: Path = FOLDER) -> list[Offer]:
    """Return what stands on one shelf, in the order of its file."""
    path = folder / f"{shelf.slug}.toml"
    return [_offer(row, path.name) for row in _rows(path, "product")]


@transaction.atomic
def fill_shelves(folder: Path = FOLDER) -> int:
    """Put every category and product that is missing into the shop and receive its stock; return how many were new."""
    opened_at = timezone.now()  # one moment for all: whoever sorts by age meets them in the order of the files
    placed: dict[str, Category] = {}
    added = 0
    for position, shelf in enumerate(read_shelves(folder)):
        words = {"name": shelf.name, "description": shelf.description, "position": position}
        placed[shelf.slug], _ = Category.objects.get_or_create(
            slug=shelf.slug, defaults={**words, "parent": placed.get(shelf.parent)}
        )
        if shelf.parent:
            added += sum(_place(offer, placed[shelf.slug], opened_at) for offer in read_offers(shelf, folder))
    shelves_changed()
    return added


def _place(offer: Offer, category: Category, opened_at: datetime) -> bool:
    """Say whether the product was new; only then does its first delivery come in."""
    written = {**offer._asdict(), "category": category, "is_listed": offer.listed, "created_at": opened_at}
    del written["sku"], written["stock"], written["listed"], written["bulk"]
    written |= {"bulk_from": [int(units) for units in offer.bulk], "bulk_prices": list(offer.bulk.values())}
    written["weight_g"] = offer.attributes.get("weight_g", 0)
    product, is_new = Product.objects.get_or_create(sku=offer.sku, defaults=written)
    if is_new and offer.stock:
        stock.receive(product_id=product.pk, quantity=offer.stock, reference="opening stock")
    return is_new


def _rows(path: Path, kind: str) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8")).get(kind, [])
    except FileNotFoundError:
        raise CatalogueMistake(f"{path.name}: the file is missing; every category with a parent has one.") from None
    except tomllib.TOMLDecodeError as mistake:
        raise CatalogueMistake(f"{path.name}: {mistake}.") from None
    return rows


def _offer(row: dict[str, Any], file: str) -> Offer:
    offer = _written(Offer, row, file)
    # In quotes, because a TOML number with a point is a binary float: 0.1 + 0.2 is not 0.3 there, and money is exact.
    if not (isinstance(offer.price, str) and PRICE.fullmatch(offer.price) and Decimal(offer.price)):
        rule = 'in quotes, with two decimals and above 0, as in "18.50"'
        raise CatalogueMistake(f"{file}: {offer.sku}: price = {offer.price!r} is not a price; write it {rule}.")
    if type(offer.stock) is not int or offer.stock < 0:
        raise CatalogueMistake(f"{file}: {offer.sku}: stock = {offer.stock!r} is not a number of units.")
    if not all(units.isdecimal() and PRICE.fullmatch(price) for units, price in offer.bulk.items()):
        raise CatalogueMistake(f'{file}: {offer.sku}: write quantity prices as in bulk = {{ 10 = "16.50" }}.')
    amounts = {name: getattr(offer, name) for name in ("trade_price", "cost") if getattr(offer, name) is not None}
    for name, amount in amounts.items():
        if not (isinstance(amount, str) and PRICE.fullmatch(amount)):
            raise CatalogueMistake(f'{file}: {offer.sku}: {name} = {amount!r} is no amount; write it as in "18.50".')
    return offer._replace(price=Decimal(offer.price), **{name: Decimal(amount) for name, amount in amounts.items()})


def _written(row_type: type[Row], row: dict[str, Any], file: str) -> Row:
    try:
        return row_type(**row)
    except TypeError as mistake:  # "… got an unexpected keyword argument 'prise'"
        name = row.get("sku") or row.get("slug") or "an entry without a name"
        raise CatalogueMistake(f"{file}: {name}: {str(mistake).partition(' ')[2]}.") from None
