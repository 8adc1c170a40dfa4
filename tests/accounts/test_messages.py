"""Words that one page says and the next one shows: kept where somebody says any, and made for nobody else."""

import pytest
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from accounts.middleware import LazyMessageMiddleware


def test_message_outlives_the_answer_it_was_said_in(rf: RequestFactory) -> None:
    def say(request: HttpRequest) -> HttpResponse:
        messages.info(request, "Kept.")
        return HttpResponse()

    def hear(request: HttpRequest) -> HttpResponse:
        return HttpResponse([str(message) for message in messages.get_messages(request)])

    first = LazyMessageMiddleware(say)(_with_session(rf.get("/")))
    there = _with_session(rf.get("/", headers={"Cookie": f"messages={first.cookies['messages'].coded_value}"}))
    second = LazyMessageMiddleware(hear)(there)

    assert second.content == b"Kept."
    assert second.cookies["messages"]["max-age"] == 0, "what was shown is not shown again"


@pytest.mark.django_db
def test_nothing_keeps_messages_where_nobody_says_or_hears_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[HttpRequest] = []
    monkeypatch.setattr("accounts.middleware.default_storage", made.append)

    assert client.get("/api/v1/products/").status_code == 200
    assert made == []


def _with_session(request: HttpRequest) -> HttpRequest:
    request.session = {}  # type: ignore[assignment] # no more of it is asked for
    return request
