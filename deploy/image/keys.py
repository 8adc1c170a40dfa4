"""`python -m deploy.image.keys FOLDER`: make every secret of the composed shop once, each for its reader alone.

    FOLDER/shop        web, worker …    signing key, provider's key, database as writer, Redis, RabbitMQ, certificate
    FOLDER/owner       migrations       database as owner
    FOLDER/provider    provider         its half of the keys, and the authority that it trusts
    FOLDER/postgres, redis, rabbitmq, nginx        what each server is told
    FOLDER/alertmanager                whom it calls; whoever knows such an address can wake somebody
    FOLDER/known       nobody else      what is in use, so that a lost folder can be filled again

Each folder is a volume that one kind of container mounts; each file can be read by that container's user alone. A
second start changes nothing, but for certificates that end within a month: those are made anew. For one machine:
elsewhere the same files come from whatever keeps your secrets.

Roadmap: security/secrets-management, deployment/docker-compose
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.image.certificates import ends_soon, issue

#: The users inside of the images: ours, and those of the official ones.
READERS = {
    "known": 0, "shop": 10001, "owner": 10001, "provider": 10001, "postgres": 999, "redis": 999, "rabbitmq": 999,
    "nginx": 101, "alertmanager": 65534,
}  # fmt: skip
#: Names under which nginx and the stock service are called, in the browser and by neighbours.
NAMES = ("localhost", "nginx", "grpc", "127.0.0.1")
#: Where alerts go until somebody writes the address of a pager and of a list of tickets into its file: Mailpit answers
#: 200 to whoever asks whether it lives, and keeps nothing of what is sent along. The letters in it come besides.
NOBODY = "http://mailpit:8025/livez"
ADDRESSES = ("pager_url", "tickets_url")
SECRETS = ("signing", "superuser", "owner", "writer", "reader", "redis", "rabbitmq", "payment", "webhook")


def main(folder: Path) -> None:
    put(folder, {f"known/{name}": secrets.token_hex(32) for name in SECRETS}, keep=True)
    put(folder, shares({name: (folder / "known" / name).read_text() for name in SECRETS}))
    put(folder, {f"alertmanager/{name}": NOBODY for name in ADDRESSES}, keep=True)
    if ends_soon(folder / "nginx" / "certificate.pem"):
        put(folder, certificates())
    print(f"{len(list(folder.glob('*/*')))} files are in place for {len(READERS) - 1} readers.")


def shares(known: Mapping[str, str]) -> dict[str, str]:
    """Who is told what, and in which form."""
    database = "postgres://shop_{0}:{1}@postgres:5432/shop"
    return {
        "shop/secret_key": known["signing"],
        "shop/payment_api_key": f"sk_test_{known['payment']}",
        "shop/payment_webhook_secret": f"whsec_{known['webhook']}",
        "shop/database_url": database.format("writer", known["writer"]),
        "shop/redis_url": f"redis://:{known['redis']}@redis:6379/0",
        "shop/broker_url": f"amqp://shop:{known['rabbitmq']}@rabbitmq:5672//",
        "owner/database_url": database.format("owner", known["owner"]),
        "provider/api_key": f"sk_test_{known['payment']}",
        "provider/webhook_secret": f"whsec_{known['webhook']}",
        **{f"postgres/{role}": known[role] for role in ("superuser", "owner", "writer", "reader")},
        "redis/password": known["redis"],
        "redis/redis.conf": f"requirepass {known['redis']}\n",
        "rabbitmq/rabbitmq.conf": f"default_user = shop\ndefault_pass = {known['rabbitmq']}\n",
    }


def certificates() -> dict[str, str]:
    """One certificate for both doors. Its authority has signed nothing else and cannot: nobody keeps its key."""
    made = issue(NAMES)
    return {
        "nginx/certificate.pem": made.chain,
        "nginx/private_key.pem": made.private_key,
        "nginx/authority.pem": made.authority,
        "shop/grpc_certificate": made.chain,
        "shop/grpc_private_key": made.private_key,
        "provider/authority.pem": made.authority,
    }


def put(folder: Path, files: Mapping[str, str], *, keep: bool = False) -> None:
    """Whole or not at all: a start that was cut off leaves no half of a key."""
    for place, text in files.items():
        file = folder / place
        if keep and file.exists():
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(0o400)
        fresh.chmod(0o600)
        fresh.write_text(text)
        fresh.chmod(0o400)
        if os.geteuid() == 0:
            os.chown(fresh, READERS[place.partition("/")[0]], -1)
        fresh.replace(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
