"""alice's answer never reaches bob: a real nginx, its cache filled, before the real shop, at all addresses."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from deploy.local.process import ROOT
from orders import gateways
from shop.models import Product
from tests.deploy.door import NGINX, Door, opened
from tests.factories import person, product, token_of
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

pytestmark = [
    pytest.mark.skipif(not NGINX, reason="nginx is not installed; in compose it is, and CI starts that"),
    pytest.mark.roadmap("caching/cache-layers", "security/broken-access-control"),
    pytest.mark.django_db(transaction=True),
]
FEW = (
    "/api/v2/products/",
    "/api/v2/products/draft/",
    "/api/v2/orders/",
    "/api/v2/orders/{number}/",
    "/api/v2/account/",
)
DOCUMENTS = ("openapi.yaml", "openapi-v2.yaml")
#: Said by the lines of deploy/nginx/shop.conf that a copy may lack.
FOR_ALL = ("proxy_cache $kept_in;", "proxy_cache public;")
REFUSAL = "        proxy_no_cache $is_not_public;\n"
#: Keeps whatever the shop says.
DEAF = "proxy_ignore_headers Cache-Control Expires Vary Set-Cookie; proxy_cache_valid any 1m;\n"
ANYWHERE = f"    location / {{\n proxy_cache public; proxy_cache_key $request_uri; {DEAF}"


class Visit(NamedTuple):
    who: str
    path: str
    status: int
    kept: str
    text: str


@pytest.fixture(autouse=True)
def bought(alice: User, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """What alice and carol alone may see: an order, a cart, an address; a product that is not for sale yet."""
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    product(sku="DESK", slug="desk", name="Desk")
    person("bob")
    person("carol", role="manager")
    Product.objects.filter(pk=product(sku="DRAFT", slug="draft", name="Secret drawer").pk).update(is_listed=False)


def people() -> dict[str, dict[str, str]]:
    names = ("alice", "bob", "carol")
    tokens = {name: token_of(User.objects.get(email=f"{name}@example.com")) for name in names}
    return {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()} | {"guest": {}}


def buy(door: Door, headers: dict[str, str]) -> str:
    door.http.post("/api/v2/cart/lines/", json={"sku": "DESK"}, headers=headers)
    body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
    order = door.http.post("/api/v2/orders/", json=body, headers=headers | {"Idempotency-Key": "k-1"}).json()
    door.http.post("/api/v2/cart/lines/", json={"sku": "DESK"}, headers=headers)
    return str(order["number"])


def addresses(number: str) -> Iterator[str]:
    """Every address that can be read, with names that exist."""
    names = {"number": number, "id": "1"}
    for document in DOCUMENTS:
        for path, acts in yaml.safe_load((ROOT / "docs/api" / document).read_text())["paths"].items():
            for slug in ("desk", "draft") if "{slug}" in path and "get" in acts else ("desk",):
                if "get" in acts:
                    yield re.sub(r"{(\w+)}", lambda name, slug=slug: {**names, "slug": slug}[name[1]], path)


def visits(door: Door, *, all_over: bool = False) -> list[Visit]:
    """Whose it is comes first, then twice who may see least, then all others: what was kept would show."""
    heads = people()
    number = buy(door, heads["alice"])
    made = []
    for path in addresses(number) if all_over else FEW:
        path = path.replace("{number}", number)
        for who in ("carol" if "draft" in path else "alice", "guest", "guest", "bob", "alice", "carol", "guest"):
            answer = door.http.get(path, headers=heads[who])
            made.append(Visit(who, path, answer.status_code, answer.headers.get("X-Cache", ""), answer.text))
    return made


def leaks(made: list[Visit]) -> set[str]:
    """What somebody saw that is not theirs."""
    number = next(found[1] for visit in made if (found := re.fullmatch(r"/api/v2/orders/([\w-]+)/", visit.path)))
    of_alice = f"alice@example.com|{number}|Lime"
    not_theirs = {"alice": "Secret drawer", "carol": "alice@example.com"}
    found = set()
    for visit in made:
        said = visit.text if visit.status < 400 else ""  # a refusal repeats the address that was asked for
        if re.search(not_theirs.get(visit.who, f"{of_alice}|Secret drawer"), said):
            found.add(f"{visit.who} saw what is not theirs")
        if visit.who != "guest" and visit.kept in ("HIT", "STALE", "MISS", "EXPIRED"):
            found.add(f"who shows who they are was given or left a kept answer: {visit.kept}")
    return found


@pytest.fixture
def door_of(live_server: LiveServer, tmp_path: Path, settings: object) -> Callable[..., object]:
    settings.TRUSTED_PROXIES = 1  # type: ignore[attr-defined]

    def made(*edits: tuple[str, str]) -> object:
        def change(etc: Path) -> None:
            shop, limits = etc / "shop.d" / "shop.conf", etc / "shop.d" / "limits.conf"
            limits.write_text(limits.read_text().replace("rate=50r/s", "rate=5000r/s"))
            for old, new in edits:
                assert old in shop.read_text()
                shop.write_text(shop.read_text().replace(old, new, 1))

        return opened(tmp_path, change, urlsplit(live_server.url).netloc)

    return made


def test_nobody_sees_what_is_not_theirs_while_the_cache_is_full(door_of: Callable[..., Any]) -> None:
    with door_of() as door:
        made = visits(door, all_over=True)

    assert leaks(made) == set()
    kept = {visit.path for visit in made if visit.kept == "HIT"}
    assert {"/api/v1/products/", "/api/v2/products/desk/", "/api/v2/categories/"} <= kept
    assert all(re.match(r"/api/v[12]/(products|categories)/", path) for path in kept)
    assert [visit.status for visit in made if visit.who == "alice" and "/orders/" in visit.path].count(200) >= 4
    assert {v.status for v in made if v.path.endswith("products/draft/") and v.who in ("guest", "bob")} == {404}
    assert {v.status for v in made if v.path.endswith("products/draft/") and v.who == "carol"} == {200}


@pytest.mark.parametrize(
    ("edits", "is_seen"),
    [((FOR_ALL,), True), (((REFUSAL, ""),), False), ((FOR_ALL, (REFUSAL, "")), True), (((REFUSAL, DEAF),), False)],
    ids=["keeps for all", "kept by the shop's word", "both", "keeps in spite of the shop's word"],
)  # fmt: skip
def test_what_nginx_goes_by_and_what_the_shop_says_are_each_enough(
    door_of: Callable[..., Any], edits: tuple[tuple[str, str], ...], is_seen: bool
) -> None:
    with door_of(*edits) as door:
        found = leaks(visits(door))

    assert not [each for each in found if "not theirs" in each]  # the shop says `no-store`, and Vary: Authorization
    assert bool(found) == is_seen


@pytest.mark.parametrize(
    "edits", [(FOR_ALL, (REFUSAL, DEAF)), (("    location / {\n", ANYWHERE),)],
    ids=["keeps and gives all", "keeps more than the catalogue"],
)  # fmt: skip
def test_door_that_keeps_what_it_should_not_is_found(
    door_of: Callable[..., Any], edits: tuple[tuple[str, str], ...]
) -> None:
    with door_of(*edits) as door:
        found = leaks(visits(door))

    assert [each for each in found if "saw what is not theirs" in each]
