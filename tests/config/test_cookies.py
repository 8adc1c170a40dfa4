"""The cookies that production sends, as a browser sees them."""

import json
import os
import subprocess
import sys
from http.cookies import SimpleCookie

import pytest
from django.conf import settings

from tests.config.test_env import ROOT, SOUND

LOOK = """
import django, json
django.setup()
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import Client, RequestFactory
from accounts import sessions
from accounts.models import User

def view(request):
    request.session["login"] = "something"
    return HttpResponse()

page = Client(headers={"host": "shop.example"}).get("/account/log-in/", secure=True)
request = RequestFactory().get("/", secure=True)
answer = SessionMiddleware(view)(request)
sessions.remember_device(request, answer, User(pk=1))
print(json.dumps([morsel.OutputString() for response in (page, answer) for morsel in response.cookies.values()]))
"""


@pytest.fixture(scope="module")
def sent() -> list[str]:
    changed = {"DJANGO_SETTINGS_MODULE": "config.settings.production", "SESSION_STORE": "redis"}
    environment = SOUND | changed | {"PATH": os.environ["PATH"], "REDIS_URL": settings.REDIS_URL}
    started = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert started.returncode == 0, started.stderr
    return list(json.loads(started.stdout.splitlines()[-1]))


@pytest.mark.roadmap("auth/cookies-and-session-ids")
@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.4")
def test_production_cookies_are_for_this_host_https_and_no_script(sent: list[str]) -> None:
    cookies = {name: morsel for line in sent for name, morsel in SimpleCookie(line).items()}

    assert set(cookies) == {"__Host-csrf", "__Host-session", "__Host-device"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
        assert cookie["samesite"] == "Lax"


@pytest.mark.roadmap("auth/cookies-and-session-ids")
def test_cookie_of_a_session_lasts_no_longer_than_the_login(sent: list[str]) -> None:
    [session] = [line for line in sent if line.startswith("__Host-session")]

    assert f"Max-Age={12 * 3600}" in session
