"""What a stolen table of passwords is worth: the time of one guess at each kind of hash, and a table made beforehand.

    python -m roadmap.labs.passwords guesses      time per guess of every hasher, beside plain SHA-256
    python -m roadmap.labs.passwords table        crack unsalted hashes by looking them up, and fail at salted ones
    python -m roadmap.labs.passwords login        what of a login is the hash, what the rest (needs a shop's database)

Roadmap: auth/password-hashing, auth/password-salting
"""

import gzip
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import django
from django.conf import settings
from django.contrib.auth import hashers, password_validation
from django.test import Client

ROUNDS = 5
#: Customers as they are: one of the commonest passwords each, two of them the same.
CUSTOMERS = {"anna": "iloveyou", "ben": "dragon", "cleo": "sunshine", "dora": "iloveyou", "emil": "football"}


def seconds(act: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Processor time, the median of a few rounds: other work on the machine slows a clock more than it."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return median(taken)


def guesses() -> None:
    plain = seconds(lambda: [hashlib.sha256(b"a wrong guess").digest() for _ in range(10_000)]) / 10_000
    print(f"{'sha256, plain':16} {plain * 1e6:10.1f} µs per guess")
    for hasher in hashers.get_hashers():
        encoded = hasher.encode("the password", hasher.salt())
        taken = seconds(lambda encoded=encoded, hasher=hasher: hasher.verify("a wrong guess", encoded))  # type: ignore[misc]
        many = "more than 10,000" if taken / plain > 10_000 else f"{taken / plain:.0f}"
        print(f"{hasher.algorithm:16} {taken * 1e3:10.1f} ms per guess, {many} of the first")


def table() -> None:
    path = Path(password_validation.__file__).with_name("common-passwords.txt.gz")
    common = gzip.decompress(path.read_bytes()).decode().split("\n")
    beforehand = {hashlib.sha256(word.encode()).hexdigest(): word for word in common}
    unsalted = {name: hashlib.sha256(word.encode()).hexdigest() for name, word in CUSTOMERS.items()}
    cracked = {name: beforehand[digest] for name, digest in unsalted.items() if digest in beforehand}
    print(f"unsalted: {len(cracked)} of {len(CUSTOMERS)} by looking up; {len(set(unsalted.values()))} different hashes")
    salts = {name: secrets.token_bytes(16) for name in CUSTOMERS}
    salted = {name: hashlib.sha256(salts[name] + word.encode()).hexdigest() for name, word in CUSTOMERS.items()}
    found = [name for name, digest in salted.items() if digest in beforehand]
    print(f"salted:   {len(found)} of {len(CUSTOMERS)} by looking up; {len(set(salted.values()))} different hashes")


def login() -> None:
    client, body = Client(), {"email": "alice@example.com", "password": "alice-shows-the-shop"}
    path, host = "/api/v1/auth/token/", settings.ALLOWED_HOSTS[0]
    whole = seconds(lambda: client.post(path, body, "application/json", headers={"host": host}), 2 * ROUNDS)
    encoded = hashers.make_password("the password")
    hashing = seconds(lambda: hashers.check_password("the password", encoded), 2 * ROUNDS)
    whole, hashing = whole * 1e3, hashing * 1e3
    print(f"a login takes {whole:.0f} ms: the hash {hashing:.0f} ms, all else {whole - hashing:.0f} ms")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup()
    {"guesses": guesses, "table": table, "login": login}[sys.argv[1]]()
