"""The environment that the shop's processes get on one machine: everything that nobody has set elsewhere.

    given (the caller's own wish) ─over─► servers we started, addresses we chose, secrets we made up once

Local secrets are made per folder, kept in `secrets.json` for its owner alone, and never leave the machine.

Roadmap: workflow/twelve-factor, security/secrets-in-environment
"""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.embedded import Servers
from deploy.embedded.state import write_private

WEBHOOK_PATH = "/api/v2/webhooks/payments/"  # as in orders/urls.py; of a version that stays
# What the shop and its provider read. From the caller's environment they are taken only through `given`: no test shall
# hand its own settings by accident to the shop that it starts.
SHOP_VARIABLES = (
    "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "SITE_URL", "DATABASE_URL", "REDIS_URL",
    "SESSION_STORE", "CELERY_BROKER_URL", "EMAIL_URL", "PAYMENT_API_KEY", "PAYMENT_API_BASE",
    "PAYMENT_WEBHOOK_SECRET", "DJANGO_SETTINGS_MODULE", "PROVIDER_DATABASE_URL", "PROVIDER_API_KEY", "PROVIDER_SEED",
    "PROVIDER_PORT", "WEBHOOK_URL", "WEBHOOK_SECRET", "PORT", "GRPC_PORT", "GRPC_HOST", "GRPC_CERTIFICATE",
    "GRPC_PRIVATE_KEY", "STATE_DIR", "SOCIAL_CLIENT_SECRET", "RATE_LIMITS", "WEBHOOKS_TO_LOOPBACK",
    "UPLOADS_DIR", "UPLOADS_STORAGE", "UPLOADS_OPTIONS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS",
    "PROMETHEUS_MULTIPROC_DIR", "METRICS_NETWORKS", "METRICS_HOST",
    "METRICS_PORT", "ADMIN_PATH", "SENTRY_DSN", "SENTRY_ENVIRONMENT", "SENTRY_RELEASE",
)  # fmt: skip
CHOSEN_BY_THE_STACK = ("PORT", "GRPC_PORT", "STATE_DIR")
OF_TEST_RUNNERS = ("PYTEST_", "COV_", "COVERAGE_")


@dataclass(frozen=True)
class Addresses:
    """Where the shop, the payment provider and the stock service listen."""

    port: int
    provider_port: int
    grpc_port: int = 0

    @property
    def shop(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def provider(self) -> str:
        return f"http://127.0.0.1:{self.provider_port}"


def shop_environment(
    directory: Path, servers: Servers, addresses: Addresses, given: Mapping[str, str]
) -> dict[str, str]:
    """Complete, for every process alike; `given` wins over all that we would choose."""
    inherited = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    chosen = _chosen(directory, servers, addresses) | local_secrets(directory)
    wished = {
        name: value for name, value in given.items() if name in SHOP_VARIABLES and name not in CHOSEN_BY_THE_STACK
    }
    environment = inherited | chosen | wished
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment.setdefault("CELERY_BROKER_URL", second_database(environment["REDIS_URL"]))
    # The provider knows the shop's half of each secret under its own names.
    environment["PROVIDER_API_KEY"] = environment["PAYMENT_API_KEY"]
    environment["WEBHOOK_SECRET"] = environment["PAYMENT_WEBHOOK_SECRET"]
    return environment


def _is_ours(name: str) -> bool:
    return name.removesuffix("_FILE") in SHOP_VARIABLES or name.startswith(OF_TEST_RUNNERS)


def _chosen(directory: Path, servers: Servers, addresses: Addresses) -> dict[str, str]:
    for folder in ("mail", "beat", "provider"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    return servers.environment() | {
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "SITE_URL": addresses.shop,
        "EMAIL_URL": f"filemail://{directory / 'mail'}",
        "UPLOADS_DIR": str(directory / "uploads"),
        "PAYMENT_API_BASE": addresses.provider,
        "WEBHOOKS_TO_LOOPBACK": "true",
        "PROVIDER_PORT": str(addresses.provider_port),
        "PROVIDER_DATABASE_URL": f"sqlite:///{directory / 'provider' / 'provider.sqlite3'}",
        "WEBHOOK_URL": addresses.shop + WEBHOOK_PATH,
        "PORT": str(addresses.port),
        "GRPC_PORT": str(addresses.grpc_port),
        "STATE_DIR": str(directory),
        "PYTHONUNBUFFERED": "1",
    }


def local_secrets(directory: Path) -> dict[str, str]:
    """The same for every start in this folder, so that a login outlives a restart."""
    file = directory / "secrets.json"
    if not file.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PAYMENT_API_KEY": f"sk_test_{secrets.token_hex(16)}",
            "PAYMENT_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        }
        write_private(file, json.dumps(made, indent=1))
    return dict(json.loads(file.read_text()))


def second_database(redis_url: str) -> str:
    """The broker's place beside the cache: emptying the cache must not empty the queues."""
    return urlunsplit(urlsplit(redis_url)._replace(path="/1"))
