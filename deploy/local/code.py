"""`make code`: the code that carol's authenticator app shows now; `make code WHO=dave` for dave's.

The secrets of the cast are published and follow from the names, as the passwords do (`accounts/cast.py`), so this needs
neither the shop nor its database. A code is good once: for the next login wait for the next one.

Roadmap: foundations/command-line, auth/mfa
"""

import sys
import time

import pyotp

STAFF = ("carol", "dave")


def secret(name: str) -> str:
    """What the app of somebody of the cast knows."""
    return f"{name.upper()}SHOWSTHESHOP".ljust(32, "A")


def code(name: str, *, now: float, steps: int = 0) -> str:
    """What it shows, or did so many half minutes ago, or will."""
    return pyotp.TOTP(secret(name)).at(now + 30 * steps)


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else "carol"
    if name not in STAFF:
        print(f"Only {' and '.join(STAFF)} have an authenticator app, not {name}.", file=sys.stderr)
        return 2
    print(code(name, now=time.time()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
