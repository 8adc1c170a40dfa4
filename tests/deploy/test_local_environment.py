"""What the shop's processes are told: the caller's wishes first, then what we chose, and nothing by accident."""

import stat
from collections.abc import Mapping
from pathlib import Path
from time import time

import pytest

from accounts.cast import CAST
from config import env
from deploy.embedded import Servers
from deploy.local import code, install, run
from deploy.local.environment import SHOP_VARIABLES, Addresses, second_database, shop_environment

SERVERS = Servers("postgres://shop@127.0.0.1:1/shop", "redis://:secret@127.0.0.1:2/0")
ADDRESSES = Addresses(8000, 8400)


def environment(folder: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    return shop_environment(folder, SERVERS, ADDRESSES, given or {})


@pytest.mark.roadmap("workflow/twelve-factor")
def test_caller_wins_over_what_we_would_choose(tmp_path: Path) -> None:
    wish = {"DATABASE_URL": "postgres://elsewhere/shop", "EMAIL_URL": "smtp://mail.example:25", "HOME": "/elsewhere"}

    told = environment(tmp_path, wish)

    assert (told["DATABASE_URL"], told["EMAIL_URL"]) == (wish["DATABASE_URL"], wish["EMAIL_URL"])
    assert told["REDIS_URL"] == SERVERS.redis_url
    assert told.get("HOME") != "/elsewhere"


def test_settings_of_a_test_run_do_not_leak_into_its_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings.test")
    monkeypatch.setenv("SECRET_KEY_FILE", "/somewhere/else")

    told = environment(tmp_path)

    assert told["DJANGO_SETTINGS_MODULE"] == "config.settings.base"
    assert "SECRET_KEY_FILE" not in told
    assert not [name for name in told if name.startswith("PYTEST_")]


@pytest.mark.roadmap("security/secrets-in-environment")
def test_local_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first, second = environment(tmp_path), environment(tmp_path)

    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 50
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.roadmap("commerce/payment-gateway")
def test_shop_and_provider_share_their_secrets(tmp_path: Path) -> None:
    told = environment(tmp_path, {"PAYMENT_WEBHOOK_SECRET": "whsec_of_the_caller"})

    assert told["WEBHOOK_SECRET"] == "whsec_of_the_caller"
    assert told["PROVIDER_API_KEY"] == told["PAYMENT_API_KEY"]
    assert told["PAYMENT_API_KEY"].startswith("sk_test_")


@pytest.mark.roadmap("messaging/broker-roles")
def test_broker_has_a_database_of_its_own() -> None:
    assert second_database("redis://:secret@127.0.0.1:6379/0") == "redis://:secret@127.0.0.1:6379/1"


def test_every_address_and_secret_of_the_shop_is_known_here() -> None:
    secret_or_address = {name for name in env.VARIABLES if name.endswith(("_URL", "_KEY", "_SECRET", "_BASE"))}

    assert secret_or_address <= set(SHOP_VARIABLES)


@pytest.mark.roadmap("foundations/command-line", "auth/mfa")
def test_printed_code_is_what_the_app_of_somebody_who_works_here_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert {person.name.lower(): person.secret for person in CAST if person.secret} == {
        name: code.secret(name) for name in code.STAFF
    }

    printed = [(code.main(arguments), capsys.readouterr().out.strip()) for arguments in ([], ["dave"], ["alice"])]

    assert [(status, len(shown)) for status, shown in printed] == [(0, 6), (0, 6), (2, 0)]
    now = time()
    assert printed[0][1] in {code.code("carol", now=now, steps=steps) for steps in (-1, 0)}


def test_printed_logins_are_those_of_the_cast() -> None:
    assert {person.email: person.password for person in CAST} == {
        f"{name}@example.com": f"{name}-shows-the-shop" for name in run.CAST
    }


def test_uv_hears_what_the_machine_tells_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)

    assert install.environment_for_uv()["UV_DEFAULT_INDEX"] == "https://index.example/simple"


def test_uv_keeps_an_index_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.example/simple")

    assert install.environment_for_uv()["UV_DEFAULT_INDEX"] == "https://own.example/simple"
