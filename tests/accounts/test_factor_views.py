"""Second factors over HTTP: set up, asked for at login, shown again for what cannot be taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Factor, TokenFamily, User
from accounts.permissions import PROOF_LASTS
from tests.answers import assert_problem
from tests.factories import app_of, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/mfa")]
AUTH, LOG_IN = "/api/v1/auth/", "/api/v1/auth/token/"
FACTORS, STEP_UP, PAPER = f"{AUTH}factors/", f"{AUTH}step-up/", f"{AUTH}recovery-codes/"
REFUND = "/api/v1/orders/7KQ2-M4XD-9RTC/refunds/"
Api = Callable[..., APIClient]


def log_in(client: APIClient, name: str, **more: str) -> Any:
    body = {"email": f"{name}@example.com", "password": f"{name}-shows-the-shop", **more}
    return client.post(LOG_IN, body, format="json")


def refund(client: APIClient) -> Any:
    """Of an order that there is not."""
    return client.post(REFUND, {}, format="json", headers={"Idempotency-Key": "r-1"})


def as_of(client: APIClient, token: str) -> APIClient:
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def enrol(client: APIClient) -> tuple[pyotp.TOTP, list[str]]:
    started = client.post(FACTORS, {"name": "Telephone"}, format="json").json()
    app = pyotp.TOTP(started["secret"])
    answer = client.post(f"{FACTORS}{started['id']}/confirmation/", {"code": app.now()}, format="json")
    return app, answer.json()["recovery_codes"]


def test_whole_life_of_a_factor(alice: User, api: Api) -> None:
    app, codes = enrol(api(alice))
    proved = as_of(api(), log_in(api(), "alice", code=app.at(timezone.now(), counter_offset=1)).json()["access"])
    [listed] = proved.get(FACTORS).json()["results"]
    new_codes = proved.post(PAPER).json()["recovery_codes"]

    assert (listed["name"], bool(listed["confirmed_at"])) == ("Telephone", True)
    assert "secret" not in listed
    assert_problem(log_in(api(), "alice", code=codes[0]), 401, "wrong-code")
    assert log_in(api(), "alice", code=new_codes[0]).status_code == 200
    assert proved.delete(f"{FACTORS}{listed['id']}/").status_code == 204
    assert log_in(api(), "alice").status_code == 200


@pytest.mark.asvs("6.3.3")
def test_login_asks_for_the_code_when_the_password_was_right_and_not_before(alice: User, api: Api) -> None:
    app = app_of(alice)

    assert_problem(log_in(api(), "alice"), 401, "second-factor-required")
    assert_problem(log_in(api(), "alice", password="wrong", code=app.now()), 401, "wrong-credentials")
    assert_problem(log_in(api(), "alice", code="000000"), 401, "wrong-code")
    assert log_in(api(), "alice", code=app.now()).status_code == 200
    assert TokenFamily.objects.get().methods == ["pwd", "otp"]


def test_code_that_nobody_asked_for_does_no_harm(alice: User, api: Api) -> None:
    assert log_in(api(), "alice", code="123456").status_code == 200
    assert TokenFamily.objects.get().methods == ["pwd"]


def test_code_of_the_login_is_not_taken_again_by_the_step_up(alice: User, api: Api) -> None:
    app = app_of(alice)
    code = app.now()
    client = as_of(api(), log_in(api(), "alice", code=code).json()["access"])

    assert_problem(client.post(STEP_UP, {"code": code}, format="json"), 401, "wrong-code")


@pytest.mark.asvs("6.3.1", "6.6.3")
def test_guesser_is_told_to_wait_at_the_login_and_at_the_step_up(alice: User, api: Api) -> None:
    app = app_of(alice)
    for place in range(5):
        assert_problem(log_in(api(), "alice", code=f"00000{place}"), 401, "wrong-code")

    shown = {"code": app.now()}
    for answer in (log_in(api(), "alice", **shown), api(alice).post(STEP_UP, shown, format="json")):
        assert_problem(answer, 429, "too-many-codes")
        assert 800 < int(answer["Retry-After"]) <= 900


@pytest.mark.asvs("7.5.3", "10.3.4")
@pytest.mark.roadmap("auth/authorization-middleware-and-decorators")
def test_refund_asks_for_a_fresh_code_as_rfc_9470_says_and_a_step_up_gives_it(carol: User, api: Api) -> None:
    app, client = app_of(carol), api(carol)
    refused = refund(client)
    assert_problem(refused, 403, "step-up-required")
    challenge = 'Bearer error="insufficient_user_authentication", max_age="900"'
    assert refused["WWW-Authenticate"] == challenge

    access = client.post(STEP_UP, {"code": app.now()}, format="json").json()["access"]

    assert_problem(refund(client), 403, "step-up-required")  # the old token proves nothing new
    assert_problem(refund(as_of(client, access)), 404, "not-found")


def test_step_up_lives_on_in_the_tokens_of_the_next_refresh(carol: User, api: Api) -> None:
    pair = log_in(api(), "carol").json()
    app = app_of(carol)
    as_of(api(), pair["access"]).post(STEP_UP, {"code": app.now()}, format="json")

    renewed = api().post(f"{LOG_IN}refresh/", {"refresh": pair["refresh"]}, format="json").json()["access"]

    assert_problem(refund(as_of(api(), renewed)), 404, "not-found")


@pytest.mark.asvs("8.2.4")
def test_proof_grows_old(carol: User, api: Api) -> None:
    app_of(carol)
    young, old = (timezone.now() - PROOF_LASTS + timedelta(seconds=seconds) for seconds in (60, -60))

    for proved_at, slug in ((young, "not-found"), (old, "step-up-required")):
        client = as_of(api(), token_of(carol, ["pwd", "otp"], proved_at))
        assert refund(client).json()["type"] == f"/problems/{slug}/"


@pytest.mark.asvs("7.5.1")
def test_factors_are_changed_only_by_who_has_just_proved_who_they_are(alice: User, api: Api) -> None:
    stale = as_of(api(), token_of(alice, ["pwd"], timezone.now() - PROOF_LASTS - timedelta(minutes=1)))
    assert_problem(stale.post(FACTORS, {}, format="json"), 403, "step-up-required")

    app_of(alice)
    with_password_only, place = api(alice), f"{FACTORS}{Factor.objects.get().pk}/"

    for answer in (
        with_password_only.post(FACTORS, {}, format="json"),
        with_password_only.post(f"{place}confirmation/", {"code": "123456"}, format="json"),
        with_password_only.delete(place),
        with_password_only.post(PAPER),
    ):
        assert_problem(answer, 403, "step-up-required")
    assert with_password_only.get(FACTORS).status_code == 200


def test_who_has_no_factor_is_told_so(alice: User, api: Api) -> None:
    assert_problem(api(alice).post(STEP_UP, {"code": "123456"}, format="json"), 409, "not-enrolled")
    assert_problem(api(alice).post(PAPER), 403, "step-up-required")
    assert_problem(api(alice, "pwd", "otp").post(PAPER), 409, "not-enrolled")


@pytest.mark.roadmap("security/broken-access-control")
def test_somebody_elses_factor_does_not_exist(alice: User, bob: User, api: Api) -> None:
    app = app_of(alice)
    place = f"{FACTORS}{Factor.objects.get().pk}/"

    assert api(bob).get(FACTORS).json()["results"] == []
    assert_problem(api(bob).delete(place), 404, "not-found")
    assert_problem(api(bob).post(f"{place}confirmation/", {"code": app.now()}, format="json"), 404, "not-found")


@pytest.mark.parametrize("name", ["", "x" * 61, "nul\x00", 7.5, ["a"], {}])
def test_name_that_is_none_is_pointed_at(alice: User, api: Api, name: Any) -> None:
    answer = api(alice).post(FACTORS, {"name": name}, format="json")

    assert_problem(answer, 400, "validation-failed")
