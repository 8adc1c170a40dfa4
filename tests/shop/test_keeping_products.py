"""Staff keep the products and the shelves over HTTP: each operation, each right, and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.security_events import NOWHERE
from shop.models import Category, Product
from tests.answers import assert_problem
from tests.factories import CategoryFactory, person, product

PRODUCTS, CATEGORIES = "/api/v1/products/", "/api/v1/categories/"
DESK: dict[str, Any] = {
    "category": "desks", "name": "Ash desk", "description": "Made of ash.", "price": "300.00", "currency": "EUR",
    "attributes": {"colour": "green", "width_mm": 1200, "folds": True}, "is_listed": True,
}  # fmt: skip
LAMPS = {"parent": None, "name": "Lamps", "description": "", "position": 3}
Api = Callable[..., APIClient]


@pytest.fixture
def keeper(db: None, api: Api) -> APIClient:
    """A manager who has shown a second factor."""
    CategoryFactory(slug="desks")
    return api(person("carol", role="manager"), "pwd", "otp")


def over(client: APIClient, path: str) -> dict[str, str]:
    """The header that says which version was read."""
    return {"If-Match": client.get(path)["ETag"]}


@pytest.mark.roadmap("api/crud-endpoints", "api/http-methods")
def test_product_is_added_and_can_be_seen_where_location_says(keeper: APIClient, api: Api) -> None:
    made = keeper.post(PRODUCTS, DESK | {"sku": "DESK-1", "slug": "ash-desk"}, format="json")

    assert (made.status_code, made["Location"]) == (201, "http://testserver/api/v1/products/ash-desk/")
    inside = {"trade_price": None, "cost": None}  # which the keeper is shown, and nobody else
    assert api().get(made["Location"]).json() | inside == made.json()
    unsold = {"available": 0, "rating": None, "review_count": 0, "images": []}
    shown = made.json()
    assert shown.pop("_links").keys() == {"self", "reviews"}
    assert shown == DESK | {"sku": "DESK-1", "slug": "ash-desk"} | unsold | inside


def test_product_needs_six_members_and_the_rest_has_a_meaning(keeper: APIClient) -> None:
    least = {name: DESK[name] for name in ("category", "name", "description", "price")}

    made = keeper.post(PRODUCTS, least | {"sku": "DESK-1", "slug": "ash-desk"}, format="json").json()

    assert (made["currency"], made["attributes"], made["is_listed"]) == ("EUR", {}, True)


@pytest.mark.roadmap("api/http-methods")
@pytest.mark.parametrize("member", ["sku", "slug"])
def test_second_product_of_a_name_is_refused(keeper: APIClient, member: str) -> None:
    names = {"sku": "DESK-1", "slug": "ash-desk"}
    product(**{member: names[member]})

    refusal = keeper.post(PRODUCTS, DESK | names, format="json")

    assert assert_problem(refusal, 409, "name-taken")["member"] == member


@pytest.mark.roadmap("api/crud-endpoints", "api/http-methods")
def test_product_is_replaced_by_put_and_changed_in_part_by_patch(keeper: APIClient) -> None:
    path = f"{PRODUCTS}{product(slug='desk', attributes={'colour': 'red'}).slug}/"

    replaced = keeper.put(path, DESK, format="json", headers=over(keeper, path)).json()
    changed = keeper.patch(path, {"price": "250.5"}, format="json", headers=over(keeper, path))

    assert {name: replaced[name] for name in DESK} == DESK
    assert changed.json() == replaced | {"price": "250.50"}
    assert changed["ETag"] == keeper.get(path)["ETag"]


def test_replacement_that_leaves_something_out_is_refused(keeper: APIClient) -> None:
    path = f"{PRODUCTS}{product(slug='desk').slug}/"
    body = {name: DESK[name] for name in DESK if name != "attributes"}

    problem = assert_problem(keeper.put(path, body, format="json", headers={"If-Match": "*"}), 400, "validation-failed")

    assert [error["pointer"] for error in problem["errors"]] == ["#/attributes"]


@pytest.mark.roadmap("api/crud-endpoints", "api/http-methods")
def test_product_that_is_taken_off_is_seen_by_staff_alone_and_comes_back(keeper: APIClient, api: Api) -> None:
    path = f"{PRODUCTS}{product(slug='desk').slug}/"

    assert keeper.delete(path, headers=over(keeper, path)).status_code == 204

    assert Product.objects.filter(slug="desk").exists()
    for client in (api(), api(person("alice"))):
        assert_problem(client.get(path), 404, "not-found")
    assert keeper.get(path).json()["is_listed"] is False
    assert keeper.patch(path, {"is_listed": True}, format="json", headers=over(keeper, path)).status_code == 200
    assert api().get(path).status_code == 200


BAD: list[tuple[dict[str, Any], str]] = [
    ({"price": "-1"}, "#/price"),
    ({"price": "1.005"}, "#/price"),
    ({"price": ""}, "#/price"),
    ({"price": 9}, "#/price"),
    ({"price": "1e3"}, "#/price"),
    ({"is_listed": 1}, "#/is_listed"),
    ({"currency": "JPY"}, "#/currency"),
    ({"sku": "X"}, "#/sku"),
    ({"slug": "other"}, "#/slug"),
    ({"name": 7}, "#/name"),
    ({"attributes": {"a": [1]}}, "#/attributes/a"),
    ({"attributes": {"a": 10**12}}, "#/attributes/a"),
    ({"attributes": {"a": "\x00"}}, "#/attributes/a"),
    ({"attributes": {"\x00": "a"}}, "#/attributes"),
    ({"attributes": {str(number): 1 for number in range(51)}}, "#/attributes"),
]


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize(("body", "pointer"), BAD)
def test_change_that_cannot_be_is_pointed_at(keeper: APIClient, body: dict[str, Any], pointer: str) -> None:
    path = f"{PRODUCTS}{product(slug='desk').slug}/"

    refusal = keeper.patch(path, body, format="json", headers={"If-Match": "*"})

    assert [error["pointer"] for error in assert_problem(refusal, 400, "validation-failed")["errors"]] == [pointer]


WRITES = [
    ("post", PRODUCTS), ("put", f"{PRODUCTS}desk/"), ("patch", f"{PRODUCTS}desk/"), ("delete", f"{PRODUCTS}desk/"),
    ("post", CATEGORIES), ("put", f"{CATEGORIES}desks/"), ("patch", f"{CATEGORIES}desks/"),
    ("delete", f"{CATEGORIES}desks/"),
]  # fmt: skip


@pytest.mark.roadmap("api/crud-endpoints", "security/broken-access-control")
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_only_a_manager_with_a_second_factor_writes(db: None, api: Api, method: str, path: str) -> None:
    asked = {
        "nobody": api(),
        "alice": api(person("alice"), "pwd", "otp"),
        "dave": api(person("dave", role="warehouse"), "pwd", "otp"),
        "carol": api(person("carol", role="manager"), "pwd"),
    }

    answers = {name: getattr(client, method)(path, {}, format="json") for name, client in asked.items()}

    for name, status, slug in [
        ("nobody", 401, "not-authenticated"), ("alice", 403, "not-allowed"), ("dave", 403, "not-allowed"),
        ("carol", 403, "step-up-required"),
    ]:  # fmt: skip
        assert_problem(answers[name], status, slug)


@pytest.mark.roadmap("api/http-methods")
@pytest.mark.parametrize(
    ("scopes", "role", "status"),
    [(["catalog:write"], "manager", 200), (["catalog:read"], "manager", 403), (["catalog:write"], "customer", 403)],
)
def test_program_writes_by_scope_and_never_more_than_its_owner(
    db: None, api: Api, scopes: list[str], role: str, status: int
) -> None:
    product(slug="desk")
    owner = person("eve", role=role)
    made = api_keys.make(owner, name="Labels", scopes=scopes, networks=[], lasts=timedelta(days=1), origin=NOWHERE)
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {made.key}")

    answer = client.patch(f"{PRODUCTS}desk/", {"price": "9.00"}, format="json", headers={"If-Match": "*"})

    assert answer.status_code == status


@pytest.mark.roadmap("api/http-methods")
def test_category_is_put_up_changed_and_taken_down(keeper: APIClient) -> None:
    made = keeper.post(CATEGORIES, {"slug": "lamps", "name": "Lamps"}, format="json")
    path = made["Location"]

    assert (made.status_code, keeper.get(path).json()) == (201, made.json())
    replaced = keeper.put(path, LAMPS, format="json", headers=over(keeper, path))
    assert replaced.json() == LAMPS | {"slug": "lamps"}
    moved = keeper.patch(path, {"parent": "desks"}, format="json", headers=over(keeper, path))
    assert moved.json() == replaced.json() | {"parent": "desks"}
    assert keeper.delete(path, headers=over(keeper, path)).status_code == 204
    assert_problem(keeper.get(path), 404, "not-found")


@pytest.mark.parametrize("held", ["a product", "a hidden product", "a category"])
def test_category_that_holds_something_stays(keeper: APIClient, held: str) -> None:
    desks = Category.objects.get(slug="desks")
    if held == "a category":
        CategoryFactory(parent=desks)
    else:
        product(category=desks, is_listed="hidden" not in held)

    refusal = keeper.delete(f"{CATEGORIES}desks/", headers={"If-Match": "*"})

    assert_problem(refusal, 409, "category-not-empty")
    assert Category.objects.filter(slug="desks").exists()


@pytest.mark.parametrize("parent", ["rooms", "desks", "standing"])
def test_category_cannot_stand_in_itself_nor_below_itself(keeper: APIClient, parent: str) -> None:
    rooms = CategoryFactory(slug="rooms")
    Category.objects.filter(slug="desks").update(parent=rooms)
    CategoryFactory(slug="standing", parent=Category.objects.get(slug="desks"))

    refusal = keeper.patch(f"{CATEGORIES}rooms/", {"parent": parent}, format="json", headers={"If-Match": "*"})

    assert_problem(refusal, 409, "category-in-itself")


def test_category_that_does_not_exist_holds_nothing(keeper: APIClient) -> None:
    product(slug="desk")
    body = {"category": "nowhere"}

    refusal = keeper.patch(f"{PRODUCTS}desk/", body, format="json", headers={"If-Match": "*"})

    assert assert_problem(refusal, 422, "unknown-category")["category"] == "nowhere"


@pytest.mark.parametrize(("method", "path"), [write for write in WRITES if write[0] != "post"])
def test_what_does_not_exist_is_not_made_by_a_write(keeper: APIClient, method: str, path: str) -> None:
    body = {"put": DESK if path.startswith(PRODUCTS) else LAMPS}.get(method, {})
    gone = path.replace("desk", "sofa")

    assert_problem(getattr(keeper, method)(gone, body, format="json", headers={"If-Match": "*"}), 404, "not-found")


@pytest.mark.roadmap("api/http-methods")
@pytest.mark.parametrize(("method", "path"), [("post", f"{PRODUCTS}desk/"), ("delete", CATEGORIES)])
def test_method_that_is_not_offered_is_405_and_allow_says_which_are(
    keeper: APIClient, api: Api, method: str, path: str
) -> None:
    product(slug="desk")

    for client in (api(), api(person("alice")), keeper):
        answer = getattr(client, method)(path)

        assert_problem(answer, 405, "method-not-allowed")
        assert method.upper() not in answer["Allow"]
        assert {"GET", "HEAD", "OPTIONS"} <= set(answer["Allow"].split(", "))
