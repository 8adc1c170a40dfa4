"""A browser's report of what a page tried against the policy is one line of the log, and no way to fill it."""

import json
import logging
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.throttling.table import Limit
from tests.answers import assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("security/security-headers")]
PLACE = "/reports/csp/"
OLD = {
    "csp-report": {
        "document-uri": "https://shop.example/account/?token=geheim#geheim",
        "violated-directive": "script-src-elem", "effective-directive": "script-src-elem", "blocked-uri": "inline",
        "script-sample": "steal('geheim')", "line-number": 7, "original-policy": "geheim",
    }
}  # fmt: skip
NEW = [
    {
        "type": "csp-violation", "url": "https://shop.example/account/",
        "body": {"documentURL": "https://shop.example/account/", "effectiveDirective": "img-src",
                 "blockedURL": "https://evil.example/x.gif?geheim", "sample": "geheim"},
    }
] * 2  # fmt: skip
FORMS = {"application/csp-report": OLD, "application/reports+json": NEW}


def send(body: Any, form: str = "application/csp-report") -> Any:
    return Client().post(PLACE, body if isinstance(body, str) else json.dumps(body), form)


@pytest.mark.parametrize("form", FORMS)
def test_report_is_a_line_that_says_what_was_blocked_where(caplog: pytest.LogCaptureFixture, form: str) -> None:
    with caplog.at_level(logging.WARNING, "config.browsers.reports"):
        answer = send(FORMS[form], form)

    assert (answer.status_code, answer.content) == (204, b"")
    assert len(caplog.messages) == (1 if form == "application/csp-report" else 2)
    assert "https://shop.example/account/" in caplog.messages[0]
    assert ("inline" if form == "application/csp-report" else "https://evil.example/x.gif") in caplog.messages[0]
    assert "geheim" not in caplog.text, "neither a sample of the script nor what stands behind ? and #"


@pytest.mark.parametrize("body", ["", "{}", "[1]", "7", '{"csp-report": []}', "[" * 5000, json.dumps(NEW * 20)])
def test_what_is_no_report_is_refused(caplog: pytest.LogCaptureFixture, body: str) -> None:
    answer = send(body, "application/reports+json")

    assert answer.status_code == 400
    assert not [record for record in caplog.records if record.name == "config.browsers.reports"]


def test_report_takes_no_more_than_it_needs(caplog: pytest.LogCaptureFixture) -> None:
    assert_problem(send("x" * 16_001), 413, "body-too-large")
    assert_problem(send("{}", "text/plain"), 415, "unsupported-media-type")

    send({"csp-report": {"document-uri": f"https://shop.example/{'a' * 9_000}", "blocked-uri": "a\nFORGED LINE"}})
    assert len(caplog.messages[-1]) < 500
    assert "\n" not in caplog.messages[-1]


def test_who_sends_too_many_is_not_heard(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_URL = settings.REDIS_URL.rsplit("/", 1)[0] + "/7"
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"report": Limit(3, 100_000 + uuid4().int % 900_000)}

    assert [send(OLD).status_code for _ in range(5)] == [204, 204, 204, 429, 429]
    assert len([record for record in caplog.records if record.name == "config.browsers.reports"]) == 3
