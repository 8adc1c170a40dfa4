"""`make check`: everything that can be said about the code without running the shop, each step by name and time.

All steps run; any fault fails the whole. The database is an embedded one of its own, in var/check.

Roadmap: workflow/static-analysis, testing/test-automation-in-ci, workflow/api-docs-maintenance, testing/sast
"""

import difflib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from deploy.embedded import ServerTrouble, running
from deploy.local.environment import Addresses, shop_environment
from deploy.local.process import ROOT

#: The document of each version of the API.
SCHEMAS = {"v1": ROOT / "docs" / "api" / "openapi.yaml", "v2": ROOT / "docs" / "api" / "openapi-v2.yaml"}
STEPS = {
    "lint": "ruff check .",
    "format": "ruff format --check --quiet .",
    "types": "mypy",
    "imports": "lint-imports",
    "migrations": "python manage.py makemigrations --check --dry-run",
    "locks": "python -m deploy.gates.migrations",
    "bandit": "bandit --quiet --configfile pyproject.toml --recursive accounts config orders shop",
    "own rules": "ast-grep scan --config deploy/rules/sgconfig.yml accounts config orders shop",
    "leaks": "python -m deploy.gates.leaks",
    "shell": "shellcheck .ci/run deploy/compose/buy.sh deploy/nginx/welcome.sh deploy/postgres/roles.sh",
    "yaml": "yamllint --config-file deploy/rules/yamllint.yml deploy .github",
    "roadmap": "python -m roadmap --check",
}
DEPLOYMENT = "python manage.py check --deploy --fail-level WARNING"


def main(chosen: list[str]) -> int:
    """Run all steps, or those that are named."""
    try:
        with running(ROOT / "var" / "check", durable=False, given=os.environ) as servers:
            environment = shop_environment(ROOT / "var" / "check", servers, Addresses(8000, 8400), {})
            return 1 if check_all(environment, chosen) else 0
    except ServerTrouble as trouble:
        print(trouble, file=sys.stderr)
        return 2


def check_all(environment: dict[str, str], chosen: list[str]) -> list[str]:
    """The names of the steps that found fault; each has already said what."""
    steps: dict[str, Callable[[], bool]] = {
        name: lambda command=command: passes(command, environment)  # type: ignore[misc]
        for name, command in STEPS.items()
    }
    steps["deployment"] = lambda: passes(DEPLOYMENT, environment | production())
    steps |= {f"schema {version}": partial(schema_is_current, version, environment) for version in SCHEMAS}
    faulty = []
    if unknown := [name for name in chosen if name not in steps]:
        raise SystemExit(f"No such step: {', '.join(unknown)}. There are {', '.join(steps)}.")
    for name, step in steps.items():
        if chosen and name not in chosen:
            continue
        began = time.monotonic()
        if not step():
            faulty.append(name)
        print(f"{'FAULT' if name in faulty else 'ok':5}  {name:12} {time.monotonic() - began:5.1f} s", flush=True)
    return faulty


def passes(command: str, environment: dict[str, str]) -> bool:
    """Quiet when all is well; the tool's own words when not."""
    answer = subprocess.run(
        command.split(), env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if answer.returncode:
        print(f"\n$ {command}\n{answer.stdout}", flush=True)
    return answer.returncode == 0


def production() -> dict[str, str]:
    """Throw-away secrets, only good enough for the production settings to agree to start."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "shop.example",
        "TRUSTED_PROXIES": "1",
        "ADMIN_PATH": "counter-of-ours/",
        "SITE_URL": "https://shop.example",
        "PAYMENT_API_BASE": "",
        "WEBHOOKS_TO_LOOPBACK": "false",
        "PAYMENT_API_KEY": f"sk_live_{secrets.token_hex(16)}",
        "EMAIL_URL": "smtp://mail.example:25",
        "PAYMENT_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
    }


def schema_is_current(version: str, environment: dict[str, str]) -> bool:
    """The committed description of a version of the API equals the one that the code gives."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder, "openapi.yaml")
        asked = f"--api-version {version} --file {fresh} --validate --fail-on-warn"
        if not passes(f"python manage.py spectacular {asked}", environment):
            return False
        written = SCHEMAS[version]
        old, new = (file.read_text().splitlines() if file.exists() else [] for file in (written, fresh))
    drift = list(difflib.unified_diff(old, new, str(written.relative_to(ROOT)), "the code", lineterm="", n=1))
    if drift:
        print("\n".join(drift[:60]) + "\n`make schema` writes it anew.", flush=True)
    return not drift


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
