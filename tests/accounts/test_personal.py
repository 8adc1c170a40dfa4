"""What people may ask about themselves: to move, to see what is known of them, and to be forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import personal, tokens
from accounts.errors import LinkInvalid
from accounts.letters import links
from accounts.models import TokenFamily, User
from accounts.security_events import NOWHERE, Origin
from orders import mail, outbox
from orders.models import Order
from tests.accounts.oauth.dance import call, tokens_for
from tests.answers import assert_problem
from tests.conftest import LettersSent
from tests.factories import application, cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered
from tests.races.rivals import queued

ACCOUNT, EMAIL, CLOSURE = "/api/v1/account/", "/api/v1/account/email/", "/api/v1/account/closure/"
PASSWORD, NEW = "alice-shows-the-shop", "alice@new.example.com"

Api = Callable[[User | None], APIClient]


def move(client: APIClient, email: str = NEW, password: str = PASSWORD) -> Any:
    return client.post(EMAIL, {"email": email, "password": password}, format="json")


def confirm(client: APIClient, token: str) -> Any:
    return client.post(f"{EMAIL}confirmation/", {"token": token}, format="json")


def link_for(user: User, email: str = NEW) -> str:
    return links.token(links.EMAIL_CHANGE, user=user.pk, email=email, mark=links.mark(links.EMAIL_CHANGE, user))


def close(client: APIClient, password: str = PASSWORD) -> Any:
    return client.post(CLOSURE, {"password": password}, format="json")


def where_it_stands(text: str) -> set[str]:
    """Every table in which some row holds the text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        asked = [f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name} t WHERE t::text ILIKE %s)" for name in tables]
        cursor.execute(" UNION ".join(asked), [f"%{text}%"] * len(asked))
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.roadmap("auth/user-authentication")
@pytest.mark.asvs("6.3.7")
def test_account_moves_when_the_link_comes_back_from_the_new_address(
    alice: User, api: Api, letters_sent: LettersSent
) -> None:
    assert move(api(alice)).status_code == 202
    asked = {letter.to[0]: letter for letter in letters_sent()}
    assert User.objects.get().email == alice.email

    answer = confirm(api(None), asked[NEW].body.partition("#")[2].split()[0])

    assert (answer.status_code, User.objects.get().email) == (204, NEW)
    assert asked[alice.email].subject == "Your account is about to move to another e-mail address"
    assert letters_sent()[-1].to == [alice.email]
    assert alice.security_events.filter(kind="email-changed").count() == 1


@pytest.mark.roadmap("auth/user-authentication")
def test_address_of_somebody_else_gets_the_same_answer_and_stays_theirs(
    alice: User, bob: User, api: Api, letters_sent: LettersSent
) -> None:
    free, taken = move(api(alice)), move(api(alice), bob.email)

    assert (free.status_code, free.content, free.headers.keys()) == (202, taken.content, taken.headers.keys())
    subjects = [letter.subject for letter in letters_sent() if letter.to == [bob.email]]
    assert subjects == ["This e-mail address already has an account"]
    assert_problem(confirm(api(None), link_for(alice, bob.email)), 422, "link-not-valid")
    assert User.objects.get(pk=bob.pk).email == bob.email


def test_move_asks_for_the_password_and_dies_with_a_new_one(alice: User, api: Api, letters_sent: LettersSent) -> None:
    assert_problem(move(api(alice), password="wrong"), 403, "wrong-password")
    assert letters_sent() == []
    token = link_for(alice)
    alice.set_password("a desk made of walnut")
    alice.save()

    assert_problem(confirm(api(None), token), 422, "link-not-valid")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_the_link_at_once_one_moves_the_account(alice: User) -> None:
    token = link_for(alice)

    outcomes = queued([alice], *[lambda: personal.confirm_email_change(token, origin=NOWHERE)] * 2)

    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType", "LinkInvalid"]
    assert alice.security_events.filter(kind="email-changed").count() == 1


def test_account_is_shown_and_renamed_and_nothing_else_of_it(alice: User, api: Api) -> None:
    client = api(alice)

    assert set(client.get(ACCOUNT).json()) == {"email", "name", "is_business", "joined_at"}
    assert client.patch(ACCOUNT, {"name": "Alice B."}, format="json").json()["name"] == "Alice B."
    refused = client.patch(ACCOUNT, {"name": "A", "is_staff": True, "email": NEW}, format="json")
    assert_problem(refused, 400, "validation-failed")
    assert User.objects.get().name == "Alice B."
    assert_problem(api(None).get(ACCOUNT), 401, "not-authenticated")


@pytest.mark.roadmap("auth/user-authentication")
def test_closed_account_leaves_no_trace_of_the_person_but_orders_and_events(
    alice: User, api: Api, gateway: FakeGateway, letters_sent: LettersSent
) -> None:
    order = ordered(alice, gateway)
    cart_of(alice, (product(), 1))
    client = api(alice)
    assert where_it_stands("alice@example.com") == {"accounts_user"}

    assert close(client).status_code == 204

    assert [letter.to for letter in letters_sent()] == [["alice@example.com"]]
    outbox.forget_letters(now=timezone.now() + timedelta(days=2))
    assert where_it_stands("alice@example.com") == set()
    assert where_it_stands("Alice") <= {"orders_order"}  # the name on the parcel
    assert Order.objects.get().number == order.number
    assert not TokenFamily.objects.exists()
    assert alice.security_events.filter(kind="account-closed").count() == 1
    assert_problem(client.get(ACCOUNT), 401, "invalid-token")


def test_program_that_acts_for_somebody_is_shut_out_with_the_account(alice: User, api: Api) -> None:
    token = tokens_for(alice, *application("account:read"), "account:read")["access_token"]
    assert call(token, "account/").json()["email"] == alice.email

    assert close(api(alice)).status_code == 204

    assert_problem(call(token, "account/"), 401, "invalid-token")


def test_closed_account_cannot_log_in_and_its_address_can_register_anew(alice: User, api: Api) -> None:
    close(api(alice))
    body = {"email": alice.email, "password": PASSWORD}

    assert_problem(api(None).post("/api/v1/auth/token/", body, format="json"), 401, "wrong-credentials")
    anew = {"token": links.token(links.REGISTRATION, email=alice.email), "name": "Alice", "password": PASSWORD}
    registered = api(None).post("/api/v1/auth/registrations/confirmation/", anew, format="json")
    orders = api(None).get("/api/v1/orders/", headers={"Authorization": f"Bearer {registered.json()['access']}"})
    assert (registered.status_code, orders.json()["results"]) == (201, [])


def test_closing_asks_for_the_password_and_is_not_for_who_works_here(alice: User, carol: User, api: Api) -> None:
    assert_problem(close(api(alice), "wrong"), 403, "wrong-password")
    assert_problem(close(api(carol), "carol-shows-the-shop"), 409, "still-in-charge")

    assert User.objects.filter(is_active=True).count() == 2


def test_letter_about_an_order_of_a_closed_account_goes_nowhere(
    alice: User, gateway: FakeGateway, mailoutbox: list[Any]
) -> None:
    order = ordered(alice, gateway)
    personal.close(alice, password=PASSWORD, origin=NOWHERE)

    mail.send_confirmation(order.pk)

    assert mailoutbox == []


def test_links_of_a_closed_account_open_nothing(alice: User) -> None:
    token = link_for(alice)
    personal.close(alice, password=PASSWORD, origin=NOWHERE)

    with pytest.raises(LinkInvalid):
        personal.confirm_email_change(token, origin=NOWHERE)


@pytest.mark.roadmap("auth/user-authentication")
def test_export_has_everything_of_the_caller_and_no_secret(
    alice: User, bob: User, api: Api, gateway: FakeGateway
) -> None:
    order, others = ordered(alice, gateway), ordered(bob, gateway)
    tokens.log_in(alice, methods=["pwd"], origin=Origin("192.0.2.7", "telephone"))

    answer = api(alice).get("/api/v1/account/export/")

    known = answer.json()
    assert known["account"]["email"] == alice.email
    assert [one["number"] for one in known["orders"]] == [order.number]
    assert "192.0.2.7" in {login["address"] for login in known["logins"]}
    assert {event["kind"] for event in known["security_events"]} == {"login"}
    assert known["rows"]["accounts_tokenfamily"] == 2
    text = answer.content.decode()
    assert others.number not in text
    for secret in (alice.password, *(str(login.latest) for login in alice.logins.all())):
        assert secret not in text


def test_export_names_programs_and_identities_elsewhere(alice: User, api: Api) -> None:
    client, secret = application("account:read")
    tokens_for(alice, client, secret, "account:read")
    alice.identities.create(issuer="https://elsewhere.example", subject="7", email="al@elsewhere.example")

    known = api(alice).get("/api/v1/account/export/").json()

    assert [program["client_id"] for program in known["applications"]] == [client.client_id]
    assert [identity["email"] for identity in known["identities"]] == ["al@elsewhere.example"]


def test_export_is_for_its_owner(alice: User, api: Api) -> None:
    assert_problem(api(None).get("/api/v1/account/export/"), 401, "not-authenticated")


def test_what_a_former_colleague_did_in_the_admin_stays_in_its_log(alice: User, carol: User) -> None:
    [entry] = LogEntry.objects.log_actions(alice.pk, [carol], CHANGE, "took a role away")

    personal.close(alice, password="alice-shows-the-shop", origin=NOWHERE)

    assert LogEntry.objects.filter(user=alice).count() == 1, entry
