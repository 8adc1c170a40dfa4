"""Delivery addresses over HTTP: one's own, at most one default, nothing written over what was not read."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import addresses, personal
from accounts.models import Address, User
from accounts.security_events import NOWHERE
from tests.accounts.oauth.dance import call, tokens_for
from tests.answers import assert_problem
from tests.factories import application
from tests.orders.purchases import ADDRESS

URL = "/api/v1/account/addresses/"
ANY = {"If-Match": "*"}

Api = Callable[[User | None], APIClient]


@pytest.fixture
def home(alice: User) -> Address:
    return addresses.add(alice, is_default=True, **ADDRESS)


def at(address: Address) -> str:
    return f"{URL}{address.pk}/"


@pytest.mark.roadmap("api/crud-endpoints", "api/rest-resource-design", "api/http-methods")
def test_address_is_added_found_where_it_lives_changed_replaced_and_removed(alice: User, api: Api) -> None:
    client = api(alice)
    added = client.post(URL, ADDRESS, format="json")
    place = added["Location"]

    assert (added.status_code, added.json()) == (201, client.get(place).json())
    assert added.json() == {"id": added.json()["id"], **ADDRESS, "line2": "", "is_default": False}
    changed = client.patch(place, {"line2": "c/o Bob"}, format="json", headers=ANY)
    assert (changed.status_code, changed.json()) == (200, added.json() | {"line2": "c/o Bob"})
    replaced = client.put(place, ADDRESS | {"city": "Bremen"}, format="json", headers=ANY)
    assert replaced.json() == added.json() | {"city": "Bremen"}
    assert [one["city"] for one in client.get(URL).json()["results"]] == ["Bremen"]
    assert client.delete(place, headers=ANY).status_code == 204
    assert_problem(client.get(place), 404, "not-found")


@pytest.mark.parametrize("way", ["post", "put", "patch"])
def test_new_default_takes_the_place_of_the_old_one(alice: User, api: Api, home: Address, way: str) -> None:
    other = addresses.add(alice, **ADDRESS | {"city": "Bremen"})
    body = {"is_default": True} if way == "patch" else ADDRESS | {"city": "Bremen", "is_default": True}

    answer = getattr(api(alice), way)(URL if way == "post" else at(other), body, format="json", headers=ANY)

    assert answer.json()["is_default"] is True
    assert Address.objects.get(is_default=True).city == "Bremen"


def test_default_of_somebody_else_stays(bob: User, home: Address, api: Api) -> None:
    api(bob).post(URL, ADDRESS | {"is_default": True}, format="json")

    assert Address.objects.filter(is_default=True).count() == 2


@pytest.mark.roadmap("api/crud-endpoints")
def test_address_of_somebody_else_does_not_exist(bob: User, home: Address, api: Api) -> None:
    client = api(bob)

    assert client.get(URL).json()["results"] == []
    for answer in (
        client.get(at(home)),
        client.put(at(home), ADDRESS, format="json", headers=ANY),
        client.patch(at(home), {"city": "Bremen"}, format="json", headers=ANY),
        client.delete(at(home), headers=ANY),
    ):
        assert_problem(answer, 404, "not-found")
    assert Address.objects.get().city == "Hamburg"


@pytest.mark.parametrize("way", ["put", "patch", "delete"])
def test_write_over_what_was_not_read_is_refused(alice: User, home: Address, api: Api, way: str) -> None:
    client = api(alice)
    read = client.get(at(home))["ETag"]
    write: Callable[..., Any] = getattr(client, way)
    assert_problem(write(at(home), ADDRESS, format="json"), 428, "version-not-named")
    Address.objects.update(city="Bremen")

    assert_problem(write(at(home), ADDRESS, format="json", headers={"If-Match": read}), 412, "changed-meanwhile")

    assert Address.objects.get().city == "Bremen"
    again = client.get(at(home))["ETag"]
    assert write(at(home), ADDRESS, format="json", headers={"If-Match": again}).status_code in {200, 204}


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"country": "Germany"}, "#/country"),
    ({"city": ""}, "#/city"),
    ({"postal_code": 20095}, "#/postal_code"),
    ({"is_default": 1}, "#/is_default"),
    ({"user": 1}, "#/user"),
    ({"id": "9b2f6c1e-7d43-4a58-b1f0-2c8e5d7a9034"}, "#/id"),
]


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize(("wrong", "pointer"), INVALID)
def test_what_is_wrong_is_pointed_at(alice: User, home: Address, api: Api, wrong: Any, pointer: str) -> None:
    for answer in (
        api(alice).post(URL, ADDRESS | wrong, format="json"),
        api(alice).put(at(home), ADDRESS | wrong, format="json", headers=ANY),
        api(alice).patch(at(home), wrong, format="json", headers=ANY),
    ):
        problem = assert_problem(answer, 400, "validation-failed")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_one_more_than_there_may_be_is_refused(alice: User, bob: User, api: Api) -> None:
    Address.objects.bulk_create(Address(user=alice, **ADDRESS) for _ in range(addresses.MOST_ADDRESSES))

    assert assert_problem(api(alice).post(URL, ADDRESS, format="json"), 409, "too-many-addresses")["most"] == 20
    assert api(bob).post(URL, ADDRESS, format="json").status_code == 201


def test_program_reads_addresses_within_its_scope_and_writes_none(alice: User, home: Address) -> None:
    may, may_not = (
        tokens_for(alice, *application(scope), scope)["access_token"] for scope in ("account:read", "cart:read")
    )

    assert [one["id"] for one in call(may, "account/addresses/").json()["results"]] == [str(home.pk)]
    assert_problem(call(may_not, "account/addresses/"), 403, "insufficient-scope")
    client = APIClient(headers={"Authorization": f"Bearer {may}"})
    assert_problem(client.post(URL, ADDRESS, format="json"), 403, "insufficient-scope")
    assert_problem(client.delete(at(home), headers=ANY), 403, "insufficient-scope")


def test_guest_keeps_no_address(api: Api, db: None) -> None:
    assert_problem(api(None).get(URL), 401, "not-authenticated")
    assert_problem(api(None).post(URL, ADDRESS, format="json"), 401, "not-authenticated")


def test_addresses_are_taken_along_and_leave_with_the_account(alice: User, bob: User, home: Address, api: Api) -> None:
    others = addresses.add(bob, **ADDRESS)
    known = api(alice).get("/api/v1/account/export/").json()
    assert [one["id"] for one in known["addresses"]] == [str(home.pk)]
    assert known["rows"]["accounts_address"] == 1

    personal.close(alice, password="alice-shows-the-shop", origin=NOWHERE)

    assert Address.objects.get() == others
