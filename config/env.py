"""The environment is the only configuration: every variable the shop reads, in one table.

Each variable may also be given as NAME_FILE, a path whose content is the value (how orchestrators hand over secrets).
`.env.example` is generated from this table, so neither can forget a variable.

Refuses: a missing value without default, and one that is not of the variable's type, naming the variable and what it is
for. While settings are loaded, `config/settings/faults.py` gathers the refusals, and all are told at once.

Roadmap: workflow/twelve-factor, security/secrets-in-environment, workflow/configuration-management
"""

import json
import os
import re
import sys
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from math import inf
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from accounts.throttling.table import Limit, chosen
from config.settings.faults import noted

read = environ.FileAwareEnv()
Network = IPv4Network | IPv6Network

#: The secrets that a local run may start with. Production refuses each of them by name.
LOCAL_SECRET = "local-only-not-a-secret-0123456789-0123456789-0123456789"  # noqa: S105 - its value says so
LOCAL_PAYMENT_KEY = "sk_test_local"
LOCAL_WEBHOOK_SECRET = "whsec_local"  # noqa: S105 - its value says so


class Variable(NamedTuple):
    """One environment variable: its default (None: required) and what it is for."""

    default: str | None
    purpose: str
    is_secret: bool = False


VARIABLES: dict[str, Variable] = {
    "SECRET_KEY": Variable(LOCAL_SECRET, "Signs sessions and tokens; at least 50 characters.", is_secret=True),
    "DEBUG": Variable("false", "Django's debug pages; never in production."),
    "ALLOWED_HOSTS": Variable("127.0.0.1,localhost", "Host names this server answers to, separated by commas."),
    "TRUSTED_PROXIES": Variable(
        "0", "Proxies of ours before this server, each adding to X-Forwarded-For; 0: the header is anybody's word."
    ),
    "ADMIN_PATH": Variable("admin/", "Where the admin stands; at a path of your own it sees fewer scans."),
    "SITE_URL": Variable("http://127.0.0.1:8000", "Public address of the shop; links in mails start with it."),
    "DATABASE_URL": Variable(None, "PostgreSQL: postgres://user:password@host:5432/name", is_secret=True),
    "DATABASE_POOL_SIZE": Variable("8", "Most connections that one process keeps open; 0 turns the pool off."),
    "REDIS_URL": Variable("redis://127.0.0.1:6379/0", "Cache and circuit breaker; the shop sells without it, slower."),
    "WEBHOOKS_TO_LOOPBACK": Variable(
        "false", "true, on a developer's machine: webhooks go to this machine, by http too, and nowhere else."
    ),
    "RATE_LIMITS": Variable(
        "", "Other limits than those of accounts/throttling/table.py: search=30/60 key=1000/60; * is all the others."
    ),
    "CATALOGUE_CACHE": Variable(
        "memory", "Answers of the catalogue: memory (Redis, and a second unasked in each process), redis or off."
    ),
    "SESSION_STORE": Variable(
        "cached_db", "Where browsers' sessions lie: cached_db (Redis before PostgreSQL), db, redis or memory."
    ),
    "CELERY_BROKER_URL": Variable("", "Task queue: redis://… or amqp://…; empty: database 1 of REDIS_URL."),
    "EMAIL_URL": Variable("", "smtp://user:password@host:25, or filemail:///folder; empty: var/mail/.", is_secret=True),
    "MAIL_TIMEOUT_SECONDS": Variable(
        "600", "Longest wait for one answer of the mail server; SMTP gives it ten minutes."
    ),
    "MAIL_FROM": Variable("Roadmap Shop <orders@shop.example>", "Sender of every mail."),
    "PAYMENT_API_KEY": Variable(LOCAL_PAYMENT_KEY, "Secret key of the Stripe account.", is_secret=True),
    "PAYMENT_API_BASE": Variable("", "Address of the payment provider; empty means the real Stripe."),
    "PAYMENT_WEBHOOK_SECRET": Variable(LOCAL_WEBHOOK_SECRET, "Signs the provider's webhooks.", is_secret=True),
    "PAYMENT_DEADLINE_SECONDS": Variable(
        "5", "Longest time that one purchase waits for the provider, retries included; at most 9."
    ),
    "RESERVATION_SECONDS": Variable("900", "How long an unpaid order keeps its units."),
    "LOW_STOCK_BELOW": Variable("5", "With fewer units a shelf is low, and who subscribed to that is told; 0: never."),
    "RECONCILE_AFTER_SECONDS": Variable("10", "Age at which a pending order is asked about at the provider."),
    "ARGON2_TIME_COST": Variable("3", "Passes of the password hash; more is slower for us and for who guesses."),
    "ARGON2_MEMORY_KIB": Variable("65536", "Memory of one password hash in KiB; every login that runs needs so much."),
    "ARGON2_PARALLELISM": Variable("4", "Lanes of the password hash: threads that one login may keep busy."),
    "SOCIAL_ISSUER": Variable("", "OpenID Connect provider by which people may log in; empty: none."),
    "SOCIAL_CLIENT_ID": Variable("", "The shop's client id at that provider."),
    "SOCIAL_CLIENT_SECRET": Variable("", "The shop's secret at that provider.", is_secret=True),
    "SOCIAL_LABEL": Variable("another account", "What the button says: log in with …"),
    "GRAPHQL_INTROSPECTION": Variable("true", "Whether anybody may read the GraphQL schema at /graphql/."),
    "GRAPHQL_KNOWN_ONLY": Variable("false", "true: only the documents of docs/api/graphql/ are run."),
    "GRPC_HOST": Variable("127.0.0.1", "Where the stock service listens; beyond loopback with a certificate only."),
    "GRPC_PORT": Variable("50051", "Its port; 0: any that is free."),
    "GRPC_CERTIFICATE": Variable("", "PEM certificates of the stock service, its own first; empty: no TLS."),
    "GRPC_PRIVATE_KEY": Variable("", "PEM key of that certificate.", is_secret=True),
    "UPLOADS_DIR": Variable("", "Folder of the pictures, which all processes share; empty: var/uploads/."),
    "UPLOADS_STORAGE": Variable(
        "django.core.files.storage.FileSystemStorage",
        "Django storage class that keeps the pictures.",
    ),
    "UPLOADS_OPTIONS": Variable("", "What that class is made with: a JSON object; empty: nothing.", is_secret=True),
    "PROMETHEUS_MULTIPROC_DIR": Variable(
        "", "Folder in which the processes of one group add up their metrics, each group another; empty: one process."
    ),
    "METRICS_NETWORKS": Variable(
        "127.0.0.0/8,::1/128", "Who may read /metrics, though through no proxy: networks, by commas."
    ),
    "METRICS_HOST": Variable("127.0.0.1", "Where workers, relay and stock service show their metrics."),
    "METRICS_PORT": Variable("0", "Their port, each with a host or a port of its own; 0: they show none."),
    "OTEL_EXPORTER_OTLP_ENDPOINT": Variable(
        "",
        "Where traces go, such as http://collector:4318; empty: none are made. OTEL_TRACES_SAMPLER counts, too.",
    ),
    "OTEL_EXPORTER_OTLP_HEADERS": Variable(
        "", "What the collector wants to be shown: name=value, separated by commas.", is_secret=True
    ),
    "SENTRY_DSN": Variable(
        "", "Where faults are reported, such as https://key@sentry.example/1; empty: nowhere.", is_secret=True
    ),
    "SENTRY_ENVIRONMENT": Variable("local", "Which shop reports, such as production; Sentry keeps them apart."),
    "SENTRY_RELEASE": Variable("", "Which version reports; empty: the commit, where git can tell it."),
    "MAINTENANCE": Variable("false", "true: everybody gets a 503 that says when to come back; see config/doors/."),
    "MAINTENANCE_FILE": Variable("", "The same, without a restart, for as long as this file is there; empty: none."),
    "BLOCKED_ADDRESSES": Variable("", "Whose requests get a 403: addresses and networks, by commas."),
    "LOG_LEVEL": Variable("INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL; docs/logging.md says what each means."),
    "LOG_LEVELS": Variable("", "Single loggers by name: orders.gateways=DEBUG shop.request=WARNING."),
    "LOG_FORMAT": Variable("json", "json: one object per line; readable: for the eyes of a developer."),
}


@noted(lambda name: "")
def text(name: str) -> str:
    """Return the variable (or the content of NAME_FILE); raise ImproperlyConfigured naming it when it is missing."""
    variable = VARIABLES[name]
    value = read.str(name, default=variable.default)
    if value is None:
        hint = " `make run` and `make test` start one for you." if name == "DATABASE_URL" else ""
        raise ImproperlyConfigured(f"{name} is not set. {variable.purpose}{hint}")
    return str(value)


@noted(lambda name: "")
def stated(name: str) -> str:
    """Read a variable that production must be told, whatever its default: nobody else can know it."""
    if not read.str(name, default=""):
        raise ImproperlyConfigured(f"{name} must be set. {VARIABLES[name].purpose}")
    return text(name)


@noted(lambda name: None)
def folder(name: str) -> Path | None:
    """Return the folder that the variable names, made if need be; unset and empty are the same: None.

    Libraries that look for the variable themselves must find the same, so an empty one is taken out.
    """
    if not (value := text(name)):
        os.environ.pop(name, None)
        return None
    made = Path(value)
    made.mkdir(parents=True, exist_ok=True)
    return made


@noted(lambda name: [])
def networks(name: str) -> list[Network]:
    """Read networks, separated by commas; anything else is refused with the variable's name."""
    try:
        return [ip_network(part.strip()) for part in text(name).split(",") if part.strip()]
    except ValueError as wrong:
        raise ImproperlyConfigured(f"{name}: {wrong}") from None


@noted(lambda name: False)
def flag(name: str) -> bool:
    """Read a yes/no variable: true, yes, on or 1 against false, no, off or 0; anything else is refused."""
    value = text(name).strip().lower()
    if value in {"true", "yes", "on", "1"}:
        return True
    if value in {"false", "no", "off", "0", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


@noted(lambda name: 0.0)
def number(name: str, *, most: float = inf) -> float:
    """Read a number from 0 to `most`; anything else is refused with the variable's name."""
    value = text(name)
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None
    if not 0 <= parsed <= most or parsed == inf:
        limits = "at least 0" if most == inf else f"at least 0 and at most {most:g}"
        raise ImproperlyConfigured(f"{name} must be a number of {limits}, not {value!r}.")
    return parsed


@noted(lambda name: chosen(""))
def limits(name: str) -> dict[str, Limit]:
    """Read the wishes about buckets over the table that they are about; a wish that cannot be read is refused."""
    try:
        return chosen(text(name))
    except ValueError as wrong:
        raise ImproperlyConfigured(str(wrong)) from None


@noted(lambda name: {})
def members(name: str) -> dict[str, Any]:
    """Read a JSON object, or nothing; anything else is refused with the variable's name, and without its value."""
    try:
        value = json.loads(text(name) or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object.")
    return value


@noted(lambda name: str(VARIABLES[name].default))
def place(name: str) -> str:
    """Read the beginning of an address, as `words-and-digits/`; anything else is refused with the variable's name."""
    value = text(name).strip("/")
    if not re.fullmatch(r"[A-Za-z0-9~_-]+(/[A-Za-z0-9~_-]+)*", value):
        raise ImproperlyConfigured(f"{name} must be a path of letters, digits, - and _, not {value!r}.")
    return f"{value}/"


@noted(lambda name: str(VARIABLES[name].default))
def choice(name: str, known: Collection[str]) -> str:
    """Read a variable that must be one of the known words; anything else is refused with its name."""
    value = text(name)
    if value not in known:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(known)}, not {value!r}.")
    return value


@noted(lambda name: "")
def secret(name: str) -> str:
    """Read a secret for production: refuse to start when it is missing or still the local default."""
    value = text(name)
    if value in {"", VARIABLES[name].default}:
        raise ImproperlyConfigured(f"{name} must be set to a secret of your own. {VARIABLES[name].purpose}")
    return value


def own_secrets() -> set[str]:
    """Return the secrets that this process was started with, and the passwords inside of its addresses."""
    secrets = {name: variable for name, variable in VARIABLES.items() if variable.is_secret}
    values = {read.str(name, default=variable.default or "") for name, variable in secrets.items()}
    inside = {unquote(urlsplit(value).password or "") for value in values if "://" in value}
    return {value for value in values | inside if value and "://" not in value}


def example() -> str:
    """Return the text of `.env.example`: every variable with its purpose and default, secrets left empty."""
    blocks = [
        f"# {variable.purpose}\n{name}={'' if variable.is_secret or variable.default is None else variable.default}\n"
        for name, variable in VARIABLES.items()
    ]
    head = "# Generated by `make schema` from config/env.py; every NAME may also be given as NAME_FILE.\n\n"
    return head + "\n".join(blocks)


if __name__ == "__main__":
    sys.stdout.write(example())
