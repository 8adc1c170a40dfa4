"""All that is wrong with the settings is told at once, in production and locally, and contradictions are wrong, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import faults
from tests.config.test_env import SOUND, start_production

ROOT = Path(__file__).resolve().parents[2]
LOCAL = {
    "PAYMENT_DEADLINE": 5, "RECONCILE_AFTER": 10, "GRPC_CERTIFICATE": "", "GRPC_PRIVATE_KEY": "",
    "SOCIAL_ISSUER": "", "SOCIAL_CLIENT_ID": "", "SOCIAL_CLIENT_SECRET": "",
}  # fmt: skip


def test_everything_that_is_wrong_is_told_at_once_and_no_secret_with_it() -> None:
    started = start_production(
        SECRET_KEY=None, DATABASE_URL=None, TRUSTED_PROXIES=None, DEBUG="maybe", RESERVATION_SECONDS="soon",
        SESSION_STORE="pocket", RATE_LIMITS="everything", UPLOADS_OPTIONS="[]", METRICS_NETWORKS="here",
        ADMIN_PATH="../", ALLOWED_HOSTS="*", ARGON2_MEMORY_KIB="8",
    )  # fmt: skip

    last = started.stderr.partition("ImproperlyConfigured: ")[2]
    assert started.returncode == 1
    assert last.startswith("12 settings are wrong:\n  "), started.stderr
    assert len(last.strip().splitlines()) == 13
    assert "of_our_own" not in started.stderr
    assert "During handling" not in started.stderr


@pytest.mark.parametrize("site", ["http://shop.example", "https://elsewhere.example"])
def test_links_that_the_shop_would_refuse_are_refused_at_the_start(site: str) -> None:
    started = start_production(SITE_URL=site)

    assert "ImproperlyConfigured: SITE_URL must be https:// and one of ALLOWED_HOSTS" in started.stderr


def test_contradiction_stops_a_local_start() -> None:
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": SOUND["DATABASE_URL"], "RECONCILE_AFTER_SECONDS": "1"}

    started = subprocess.run(
        [sys.executable, "-c", "import config.settings.base"], env=environment, cwd=ROOT, capture_output=True, text=True
    )

    assert "PAYMENT_DEADLINE_SECONDS must not be above RECONCILE_AFTER_SECONDS" in started.stderr


CONTRADICTORY = [
    ({"RECONCILE_AFTER": 4}, "PAYMENT_DEADLINE_SECONDS"),
    ({"GRPC_PRIVATE_KEY": "pem"}, "GRPC_CERTIFICATE"),
    ({"GRPC_CERTIFICATE": "pem"}, "GRPC_CERTIFICATE"),
    ({"SOCIAL_ISSUER": "https://login.example", "SOCIAL_CLIENT_ID": "shop"}, "SOCIAL_ISSUER"),
]


@pytest.mark.roadmap("workflow/configuration-management")
@pytest.mark.parametrize(("settings", "name"), CONTRADICTORY)
def test_values_that_make_no_sense_together_are_refused_by_name(settings: dict[str, object], name: str) -> None:
    assert list(faults.contradictions(LOCAL)) == []

    assert [named for named, _ in faults.contradictions(LOCAL | settings)] == [name]


@pytest.mark.roadmap("workflow/configuration-management")
def test_faults_are_gathered_until_the_outer_end_and_told_whoever_asks_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faults._Noted, "faults", {})
    faults.begin()
    faults.refuse("DEBUG", "DEBUG is wrong.")
    faults.refuse("DEBUG", "DEBUG is wrong in another way.")
    faults.begin()
    faults.refuse("LOG_LEVEL", "LOG_LEVEL is wrong.")
    faults.settle()

    with pytest.raises(ImproperlyConfigured, match=r"^2 settings are wrong:\n  DEBUG is wrong\.\n  LOG_LEVEL is wrong"):
        faults.settle()
    with pytest.raises(ImproperlyConfigured, match=r"^2 settings are wrong:"):
        faults.refuse("PORT", "PORT is wrong.")


def test_reader_refuses_on_the_spot_once_all_is_settled() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^LOG_LEVEL is wrong\.$"):
        faults.refuse("LOG_LEVEL", "LOG_LEVEL is wrong.")


@pytest.mark.parametrize("settings", ["config.settings.base", "config.settings.production"])
def test_who_asks_again_after_a_refusal_is_refused_again_with_all_of_it(settings: str) -> None:
    twice = "import django\nfor _ in 'ab':\n    try: django.setup()\n    except Exception as refusal: print(refusal)"
    environment = {
        **{name: value for name, value in SOUND.items() if value is not None},
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": settings, "DEBUG": "maybe", "RESERVATION_SECONDS": "soon",
    }  # fmt: skip

    asked = subprocess.run([sys.executable, "-c", twice], env=environment, cwd=ROOT, capture_output=True, text=True)

    assert asked.stdout.count("2 settings are wrong:") == 2, asked.stdout + asked.stderr
