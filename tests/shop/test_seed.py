"""The demo catalogue, the cast, and products by the thousand: what `manage.py seed` promises."""

import re
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce

from accounts import mfa
from accounts.cast import CAST, admit_cast
from accounts.models import User
from accounts.security_events import NOWHERE
from shop import stock
from shop.catalogue.bulk import copy_inventions
from shop.catalogue.invention import invent
from shop.catalogue.shelves import FOLDER, CatalogueMistake, fill_shelves, read_offers, read_shelves
from shop.models import Category, Product, Stock, StockEntry

CATEGORY = '[[category]]\nslug = "lamps"\nname = "Lamps"\ndescription = "Light."\n'
LAMP = """[[product]]
sku = "LMP-1"
slug = "lamp"
name = "Lamp"
description = "A lamp."
price = "18.50"
stock = 2
attributes = { socket = "E27" }
"""


def seed(*arguments: str) -> str:
    said = StringIO()
    call_command("seed", *arguments, stdout=said)
    return said.getvalue()


def everything() -> list[list[tuple[Any, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in (Category, Product, Stock, StockEntry, User)]


def drifted() -> int:
    """Count products whose ledger does not add up to what is on hand."""
    entered = Coalesce(Sum("product__stock_entries__quantity"), 0)
    return Stock.objects.annotate(entered=entered).exclude(entered=F("on_hand")).count()


def test_catalogue_has_eight_shelves_and_no_product_twice() -> None:
    shelves = read_shelves()
    leaves = [shelf for shelf in shelves if shelf.parent]
    offers = [offer for shelf in leaves for offer in read_offers(shelf)]

    assert len(leaves) == 8
    assert {shelf.parent for shelf in leaves} == {shelf.slug for shelf in shelves} - {leaf.slug for leaf in leaves}
    assert len(offers) >= 58
    assert len({offer.sku for offer in offers}) == len({offer.slug for offer in offers}) == len(offers)
    files = {path.stem for path in FOLDER.glob("*.toml")}
    assert files == {"categories", "vocabulary", *(leaf.slug for leaf in leaves)}


@pytest.mark.roadmap("databases/data-types")
@pytest.mark.parametrize("shelf", [shelf for shelf in read_shelves() if shelf.parent], ids=lambda shelf: shelf.slug)
def test_every_product_is_described_and_priced_exactly(shelf: Any) -> None:
    for offer in read_offers(shelf):
        assert 2 <= len(re.split(r"(?<=[.!?])\s+", offer.description)) <= 4, offer.slug
        assert "  " not in offer.description
        assert "\n" not in offer.description
        assert isinstance(offer.price, Decimal)
        assert offer.price > 0
        assert offer.cost < offer.trade_price < offer.price, offer.slug
        assert {"material", "colour", "weight_g", "made_in"} <= offer.attributes.keys(), offer.slug
        assert any(fact.endswith(("_mm", "_ml", "_eu")) for fact in offer.attributes), offer.slug


@pytest.mark.roadmap("databases/data-types")
@pytest.mark.parametrize(
    ("written", "instead", "complaint"),
    [
        ('"18.50"', "18.50", "price = 18.5 is not a price"),  # a binary float
        ('"18.50"', '"18.50"\ncost = 9.5', "cost = 9.5 is no amount"),
        ('"18.50"', '"18.50"\ntrade_price = "9"', "trade_price = '9' is no amount"),
        ('"18.50"', '"0.00"', "price = '0.00' is not a price"),
        ('"18.50"', '"18.505"', "price = '18.505' is not a price"),
        ("stock = 2", "stock = -1", "stock = -1 is not a number of units"),
        ("price =", "prise =", "unexpected keyword argument 'prise'"),
        ("[[product]]", "[[product]", "line 1"),
    ],
)
def test_mistake_in_the_catalogue_names_file_and_product(
    tmp_path: Path, written: str, instead: str, complaint: str
) -> None:
    (tmp_path / "categories.toml").write_text(CATEGORY)
    (tmp_path / "lamps.toml").write_text(LAMP)
    shelf = read_shelves(tmp_path)[0]
    assert read_offers(shelf, tmp_path)[0].price == Decimal("18.50")

    (tmp_path / "lamps.toml").write_text(LAMP.replace(written, instead))

    with pytest.raises(CatalogueMistake, match=f"lamps.toml.*{complaint}"):
        read_offers(shelf, tmp_path)


@pytest.mark.django_db
def test_shelf_without_file_or_parent_leaves_the_shop_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "categories.toml").write_text(CATEGORY + 'parent = "home"\n')
    with pytest.raises(CatalogueMistake, match='"home" must stand above "lamps"'):
        fill_shelves(tmp_path)

    rooms = '[[category]]\nslug = "home"\nname = "Home"\ndescription = "In."\n'
    (tmp_path / "categories.toml").write_text(rooms + CATEGORY + 'parent = "home"\n')
    with pytest.raises(CatalogueMistake, match=r"lamps.toml: the file is missing"):
        fill_shelves(tmp_path)

    assert not Category.objects.exists()


@pytest.mark.django_db
def test_demo_begins_with_the_walnut_desk_and_has_one_last_lamp() -> None:
    seed()

    first = Product.objects.order_by("-created_at", "id")[0]
    assert first == Product.objects.order_by("id")[0]
    assert (first.slug, first.sku, first.price) == ("walnut-desk", "DESK-WAL-160", Decimal("1280.00"))
    assert Stock.objects.get(product__slug="last-lamp").available == 1
    assert [product.slug for product in Product.objects.filter(is_listed=False)] == ["shopkeepers-stool"]
    assert [product.slug for product in Product.objects.listed() if product not in Product.objects.in_stock()] == [
        "waffle-iron"
    ]


@pytest.mark.django_db
def test_second_seed_changes_nothing_that_people_have_changed_since() -> None:
    seed()
    desk = Product.objects.get(slug="walnut-desk")
    Product.objects.filter(pk=desk.pk).update(price=1)
    stock.correct(product_id=desk.pk, on_hand=3, reference="counted")
    alice = User.objects.get(email="alice@example.com")
    alice.set_password("a password of her own")
    alice.save()
    before = everything()

    said = seed()

    assert everything() == before
    assert "nothing new" in said
    assert "nobody new" in said


@pytest.mark.django_db
@pytest.mark.roadmap("commerce/inventory")
def test_ledger_of_every_seeded_product_adds_up() -> None:
    seed("--products", "2_000")

    assert Product.objects.count() == 2_000 + len([o for s in read_shelves() if s.parent for o in read_offers(s)])
    assert drifted() == 0
    received = StockEntry.objects.aggregate(units=Sum("quantity"))["units"]
    assert received == Stock.objects.aggregate(units=Sum("on_hand"))["units"]


@pytest.mark.django_db
def test_invented_products_are_protected_like_any_other() -> None:
    seed("--products", "50")
    entry = StockEntry.objects.latest("id")

    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        StockEntry.objects.filter(pk=entry.pk).update(quantity=1)
    with pytest.raises(IntegrityError, match="reserved_is_on_hand"), transaction.atomic():
        Stock.objects.filter(product_id=entry.product_id).update(reserved=F("on_hand") + 1)

    stock.receive(product_id=entry.product_id, quantity=5, reference="delivery 7")
    assert drifted() == 0


@pytest.mark.django_db
def test_seeding_again_adds_other_products() -> None:
    seed("--products", "300")
    names = set(Product.objects.values_list("sku", flat=True))

    seed("--products", "300")

    assert len(set(Product.objects.values_list("sku", flat=True)) - names) == 300
    per_leaf = Category.objects.filter(parent__isnull=False).annotate(size=Count("products"))
    assert all(category.size > 20 for category in per_leaf)


def test_same_seed_and_number_give_the_same_product() -> None:
    assert invent(1, 77) == invent(1, 77)
    assert invent(2, 77).description != invent(1, 77).description


def test_inventions_read_well_and_fit_their_columns() -> None:
    for number in range(2_000):
        product = invent(1, number)

        assert not re.search(r"[{}]|  ", product.name + product.description), product.description
        assert 3 <= len(re.split(r"(?<=[.!?])\s+", product.description)) <= 4, product.description
        assert re.fullmatch(r"[a-z0-9-]{1,120}", product.slug)
        assert re.fullmatch(r"[A-Z0-9-]{1,40}", product.sku)
        assert Decimal(5) < product.price < Decimal(1400)
        assert product.on_hand >= 0


@pytest.mark.django_db
@pytest.mark.roadmap("databases/acid", "languages/python")
def test_batch_that_fails_half_way_leaves_nothing_behind() -> None:
    fill_shelves()
    batches = copy_inventions(30, seed=1, batch=10)
    assert next(batches) == 10
    before = everything()
    newest = Product.objects.latest("id")
    Product.objects.filter(slug="walnut-desk").update(sku=_sku_of(newest.pk + 5))  # in the way of the next batch

    with pytest.raises(IntegrityError, match="sku"):
        next(batches)

    assert [len(rows) for rows in everything()] == [len(rows) for rows in before]
    assert drifted() == 0


def _sku_of(number: int) -> str:
    return invent(1, number).sku


class CtrlC(StringIO):
    """A terminal at which somebody presses Ctrl-C as soon as the first progress is shown."""

    def write(self, text: str) -> int:
        if " of 10,000" in text:
            raise KeyboardInterrupt
        return super().write(text)


@pytest.mark.django_db
@pytest.mark.roadmap("databases/acid")
def test_ctrl_c_leaves_whole_batches_and_says_how_many() -> None:
    fill_shelves()
    before = Product.objects.count()

    with pytest.raises(CommandError, match=r"Stopped: 5,000 of 10,000") as stopped:
        call_command("seed", "--products", "10000", stdout=CtrlC())

    assert stopped.value.returncode == 130
    assert Product.objects.count() == before + 5_000
    assert drifted() == 0


@pytest.mark.django_db
@pytest.mark.roadmap("workflow/twelve-factor")
@pytest.mark.parametrize("wish", ["many", "-1", "1.5", "", "99999999999", "nan"])
def test_number_that_is_none_is_refused_before_anything_is_written(wish: str) -> None:
    with pytest.raises(CommandError, match=r"--products takes a whole number from 0 to 10,000,000"):
        seed(f"--products={wish}")

    assert not Category.objects.exists()


@pytest.mark.django_db
def test_cast_logs_in_with_the_published_passwords() -> None:
    assert [person.name for person in admit_cast()] == ["Alice", "Bob", "Carol", "Dave", "Erin"]
    assert admit_cast() == []

    users = {user.name: user for user in User.objects.all()}
    assert all(users[person.name].check_password(person.password) for person in CAST)
    assert users["Alice"].email == "alice@example.com"
    assert CAST[0].password == "alice-shows-the-shop"
    assert [name for name, user in users.items() if user.is_superuser] == ["Carol"]
    assert sorted(name for name, user in users.items() if user.is_staff) == ["Carol", "Dave"]
    assert sorted(name for name, user in users.items() if mfa.is_enrolled(user)) == ["Carol", "Dave"]
    assert [name for name, user in users.items() if user.is_business] == ["Erin"]
    assert users["Erin"].security_events.get().kind == "business-approved"
    mfa.prove(users["Dave"], pyotp.TOTP(CAST[3].secret).now(), origin=NOWHERE)


@pytest.mark.django_db
@pytest.mark.roadmap("workflow/twelve-factor")
def test_production_keeps_published_passwords_out_unless_told(settings: Any) -> None:
    settings.SETTINGS_MODULE = "config.settings.production"

    assert "left out" in seed()
    assert not User.objects.exists()

    seed("--cast")
    assert User.objects.count() == len(CAST)


@pytest.mark.django_db
def test_statistics_are_fresh_after_a_large_seed() -> None:
    seed("--products", "1000", "--no-cast")

    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'shop_product'")
        assert cursor.fetchone()[0] >= 1_000
    assert not User.objects.exists()
