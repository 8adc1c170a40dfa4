"""The environment: what is missing is named, secrets may come as files, and production refuses what everybody knows."""

import copy
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.settings import base

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.roadmap("workflow/twelve-factor")
def test_missing_variable_is_named_with_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")

    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is not set\. PostgreSQL: .*make run"):
        env.text("DATABASE_URL")


def test_default_is_used_and_the_environment_is_stronger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    assert env.text("LOG_LEVEL") == "INFO"

    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    assert env.text("LOG_LEVEL") == "DEBUG"


@pytest.mark.roadmap("security/secrets-in-environment")
def test_secret_may_come_as_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handed_over = tmp_path / "key"
    handed_over.write_text("sk_live_of_our_own")
    monkeypatch.delenv("PAYMENT_API_KEY", raising=False)
    monkeypatch.setenv("PAYMENT_API_KEY_FILE", str(handed_over))

    assert env.secret("PAYMENT_API_KEY") == "sk_live_of_our_own"


@pytest.mark.parametrize(
    ("value", "meaning"), [("true", True), ("YES", True), ("1", True), ("off", False), ("", False)]
)
def test_flag(monkeypatch: pytest.MonkeyPatch, value: str, meaning: bool) -> None:
    monkeypatch.setenv("DEBUG", value)

    assert env.flag("DEBUG") is meaning


BAD = [("DEBUG", "maybe", env.flag), ("DEBUG", "2", env.flag)] + [
    ("RESERVATION_SECONDS", value, env.number) for value in ("soon", "-1", "NaN", "inf", "")
]


@pytest.mark.parametrize(("name", "value", "reader"), BAD)
def test_value_that_makes_no_sense_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reader: type[env.Variable]
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=name):
        reader(name)


@pytest.mark.parametrize("value", ["[]", "bucket=pictures", '"x"', "{"])
def test_what_is_no_json_object_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("UPLOADS_OPTIONS", value)

    with pytest.raises(ImproperlyConfigured, match=r"^UPLOADS_OPTIONS must be a JSON object\.$"):
        env.members("UPLOADS_OPTIONS")


@pytest.mark.parametrize(("value", "read"), [('{"bucket_name": "pictures"}', {"bucket_name": "pictures"}), ("", {})])
def test_storage_of_pictures_is_a_setting(monkeypatch: pytest.MonkeyPatch, value: str, read: dict[str, str]) -> None:
    monkeypatch.setenv("UPLOADS_OPTIONS", value)

    assert env.members("UPLOADS_OPTIONS") == read


def test_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESERVATION_SECONDS", "0.5")

    assert env.number("RESERVATION_SECONDS") == 0.5


def test_number_above_its_limit_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_DEADLINE_SECONDS", "9.5")

    with pytest.raises(
        ImproperlyConfigured, match="PAYMENT_DEADLINE_SECONDS must be a number of at least 0 and at most 9"
    ):
        env.number("PAYMENT_DEADLINE_SECONDS", most=9)


SOUND = {
    "SECRET_KEY": "a-secret-of-our-own-that-nobody-else-knows-0123456789",
    "PAYMENT_API_KEY": "sk_live_of_our_own",
    "PAYMENT_WEBHOOK_SECRET": "whsec_of_our_own",
    "DATABASE_URL": "postgres://shop:secret@127.0.0.1:1/shop",
    "ALLOWED_HOSTS": "shop.example",
    "TRUSTED_PROXIES": "1",
    "SITE_URL": "https://shop.example",
    "EMAIL_URL": "smtp://shop:of_our_own@mail.example:25",
}


def start_production(**changes: str | None) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in {**SOUND, **changes}.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", "import config.settings.production as s; print(s.DEBUG)"],
        env={"PATH": os.environ["PATH"], **given}, cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_production_starts_with_secrets_of_its_own() -> None:
    started = start_production(DEBUG="true")

    assert (started.returncode, started.stdout) == (0, "False\n"), started.stderr


REFUSED = [
    (name, value)
    for name in ("SECRET_KEY", "PAYMENT_API_KEY", "PAYMENT_WEBHOOK_SECRET", "EMAIL_URL")
    for value in (None, "", env.VARIABLES[name].default)
]


SENSELESS = [
    ("DATABASE_URL", None), ("ALLOWED_HOSTS", "*"), ("ARGON2_MEMORY_KIB", "8"), ("TRUSTED_PROXIES", None),
    ("SITE_URL", None), ("SESSION_STORE", "memory"),
]  # fmt: skip


@pytest.mark.roadmap("security/security-misconfiguration")
@pytest.mark.parametrize(("name", "value"), [*REFUSED, *SENSELESS])
def test_production_refuses_a_missing_or_known_secret_by_name(name: str, value: str | None) -> None:
    started = start_production(**{name: value})

    assert started.returncode == 1
    assert f"ImproperlyConfigured: {name} " in started.stderr
    assert "of_our_own" not in started.stderr


@pytest.mark.roadmap("security/security-misconfiguration")
def test_production_speaks_https_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "PAYMENT_API_KEY", "PAYMENT_WEBHOOK_SECRET", "EMAIL_URL", "TRUSTED_PROXIES", "SITE_URL"):
        monkeypatch.setenv(name, SOUND[name])
    monkeypatch.setenv("SITE_URL", "https://localhost")  # a host of these tests: base is loaded already, with its own

    before = copy.deepcopy({name: value for name, value in vars(base).items() if name.isupper()})

    production = runpy.run_module("config.settings.production")

    assert {name: vars(base)[name] for name in before} == before  # a difference, and no change of what it differs from
    assert production["SECURE_SSL_REDIRECT"]
    assert production["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert production["SESSION_COOKIE_SECURE"]
    assert production["CSRF_COOKIE_SECURE"]
    assert not production["DEBUG"]


def test_secret_that_everybody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", env.LOCAL_SECRET)

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY must be set to a secret of your own"):
        env.secret("SECRET_KEY")


@pytest.mark.roadmap("workflow/documentation")
def test_example_names_every_variable_and_no_secret() -> None:
    text = env.example()

    assert text == (ROOT / ".env.example").read_text(), "`make schema` writes it anew"
    assert all(f"\n{name}=" in text for name in env.VARIABLES)
    assert not [name for name, variable in env.VARIABLES.items() if variable.is_secret and f"\n{name}=\n" not in text]
    assert env.LOCAL_SECRET not in text
