"""Planted secrets do not come out of the log, in whatever way they are put in; what is none stays readable."""

import base64
import json
import logging
import sys
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core import signing

from accounts.api_keys import GENERATOR
from accounts.models import User
from config.logs.lines import Line
from config.logs.redaction import MASK, Redaction
from tests.factories import token_of

LINE = Line()
WORD = "correct-horse-battery"
CARDS = ["4242424242424242", "4242 4242 4242 4242", "5555-5555-5555-4444", "378282246310005", "6011111111111117"]
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"


def logged(message: object, *arguments: Any, exc_info: Any = None, **extra: Any) -> str:
    record = logging.LogRecord("shop", 20, "x.py", 1, message, arguments, exc_info)
    vars(record).update(extra)
    return LINE.format(record)


NAMES = [
    "password", "new_password", "PASSWORD", "passwd", "secret", "client_secret", "SECRET_KEY", "token", "access_token",
    "refresh_token", "Authorization", "HTTP_AUTHORIZATION", "Cookie", "set-cookie", "api_key", "apiKey", "X-Api-Key",
    "sessionid", "csrftoken", "csrfmiddlewaretoken", "otp", "cvc", "card_number", "cardnumber", "private_key",
    "PAYMENT_WEBHOOK_SECRET", "email", "e-mail", "client_secrets", "Stripe-Signature",
]  # fmt: skip


@pytest.mark.roadmap("observability/log-redaction")
@pytest.mark.parametrize("name", NAMES)
def test_value_under_a_delicate_name_is_masked_whatever_it_looks_like(name: str) -> None:
    extra = [logged("x", **{name: value}) for value in (WORD, [WORD], {"is": WORD}, WORD.encode(), 4_111_222)]
    nested = [logged("x", body={"a": [{name: WORD}]}), logged("x", rows=[{name: 4_111_222}])]

    for line in [*extra, *nested]:
        assert MASK in line
        assert WORD not in line
        assert "4111222" not in line


WAYS = {
    "argument": lambda name: logged("%s", {name: WORD}),
    "two dicts deep": lambda name: logged("%s", {"body": {name: WORD}}),
    "json": lambda name: logged(json.dumps({name: WORD, "x": 1})),
    "json in json": lambda name: logged("%s", json.dumps({"body": json.dumps({name: WORD})})),
    "words": lambda name: logged(f"{name}: {WORD}"),
    "assignment": lambda name: logged(f"called with {name}={WORD}, retry=1"),
    "repr": lambda name: logged(f"Login({name}={WORD!r}, id=1)"),
    "url": lambda name: logged(f"GET /x?a=1&{name}={WORD}&b=2"),
    "form": lambda name: logged(f"a=1&{name}={WORD}"),
    "message object": lambda name: logged(ValueError(f"{name}={WORD}")),
}


@pytest.mark.roadmap("observability/log-redaction")
@pytest.mark.parametrize("name", ["password", "client_secret", "refresh_token", "PAYMENT_API_KEY"])
@pytest.mark.parametrize("way", WAYS)
def test_value_beside_its_name_in_a_text_is_masked(way: str, name: str) -> None:
    line = WAYS[way](name)

    assert WORD not in line
    assert MASK in line


def test_header_is_masked_to_its_end() -> None:
    line = logged("Cookie: sessionid=abc; theme=dark; other=private\nAccept: */*")

    assert "abc" not in line
    assert "private" not in line
    assert "Accept: */*" in line


def by_looks() -> dict[str, str]:
    """What gives itself away, one of each kind."""
    key, _, _ = GENERATOR.generate()
    user_and_word = base64.b64encode(f"alice:{WORD}".encode()).decode()
    return {
        "e-mail": "alice@example.com",
        "e-mail with a plus": "alice+desk@mail.example.co.uk",
        "e-mail in a URL": "alice%40example.com",
        "API key": key,
        "stripe": "sk_live_51Hxyz0123456789",
        "webhook secret": "whsec_abcdef0123456789",
        "link": signing.dumps({"email": "alice"}),
        "argon2": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        "password hash": make_password(WORD),
        "PEM": PEM,
        "address with a password": f"postgres://shop:{WORD}@db:5432/shop",
        "address with a hard password": "amqp://shop:p/a%ss:w0rd!@mq:5672/",
        "basic": f"Basic {user_and_word}",
        "bearer": f"Bearer {WORD}0123",
    } | {f"card {card}": card for card in CARDS}


@pytest.mark.roadmap("observability/log-redaction")
@pytest.mark.parametrize("kind", by_looks())
def test_what_gives_itself_away_is_masked_in_messages_arguments_fields_and_exceptions(kind: str) -> None:
    planted = by_looks()[kind]
    try:
        raise RuntimeError(f"no luck with {planted}") from ValueError(planted)
    except RuntimeError as failure:
        told = [logged("failed", exc_info=sys.exc_info()), logged("failed: %s", failure), logged("%r", failure)]
    told += [
        logged(planted), logged("for %s, twice", planted), logged("%s", {"to": [planted]}), logged("x", to=planted),
        logged("x", sent={"to": (planted,)}), logged("x", planted=planted.encode()), logged("x", **{planted: 1}),
        logged("x", stack_info=f"Stack\n  {planted}"), logged(f"<{planted}>, [{planted}] ({planted})"),
    ]  # fmt: skip

    essence = planted.partition(" ")[2] if kind in {"basic", "bearer"} else WORD if WORD in planted else planted
    for line in told:
        assert essence not in line.replace("\\n", "\n")


def test_access_token_is_masked_with_and_without_its_header(alice: User) -> None:
    token = token_of(alice, ["pwd"])

    for line in (logged(token), logged("Authorization: Bearer %s", token), logged("x", header=f"Bearer {token}")):
        assert token not in line
        assert token.rpartition(".")[2] not in line


def test_secret_of_this_process_is_masked_wherever_it_stands() -> None:
    redaction = Redaction({"a-secret-of-ours", "short"})

    assert redaction.text("connect by a-secret-of-ours!") == f"connect by {MASK}!"
    assert redaction.text("shortly") == "shortly"


INNOCENT = [
    "sold 3 of DESK", "GET 200", "order RS-2026-0001 paid, 12.80 EUR", "1732838400000", "4242424242424243",
    "2026-11-28T23:59:59.123+00:00", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "0123456789abcdef0123456789abcdef",
    "http://127.0.0.1:8000/api/v1/", "tokens were forgotten", "a basic understanding", "2048 of 4096 kB",
    "pm_card_visa", "pi_3MtwBwLkdIwHu7ix28a3tqPa", "psycopg.OperationalError: connection failed",
]  # fmt: skip


@pytest.mark.parametrize("words", INNOCENT)
def test_what_is_no_secret_stays_readable(words: str) -> None:
    assert json.loads(logged(words))["message"] == words
    assert json.loads(logged("x", said=words))["said"] == words


@pytest.mark.parametrize("name", ["token_count", "session", "status_code", "secretary", "order", "card_kind", "status"])
def test_name_that_only_sounds_like_one_is_none(name: str) -> None:
    assert json.loads(logged("x", **{name: "plain"}))[name] == "plain"


def test_masking_hostile_text_does_not_take_for_ever() -> None:
    """No pattern may try every way to split a long text: twenty of them take a second together, not hours."""
    hostile = ["a" * 16_000, "a@" * 8_000, "password=" * 1_800, "4 " * 8_000, "eyJaaaaa." * 1_800, "://a:" * 3_000,
               "-----BEGIN PRIVATE KEY-----" * 500, '"\\' * 8_000, "a:" * 8_000, "a.b@c-" * 2_600]  # fmt: skip

    for text in hostile:
        LINE.format(logging.LogRecord("shop", 20, "x.py", 1, "%s", (text,), None))
