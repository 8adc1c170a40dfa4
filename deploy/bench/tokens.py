"""`python -m deploy.bench.tokens ID ID …`: access tokens for these users, one per line, as a login would give them.

A process of its own, because it needs the shop's settings and the bench must not have any.

Roadmap: auth/jwt-structure
"""

import sys
from datetime import timedelta

import django

django.setup()

from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402 - Django must be ready

LONGER_THAN_ANY_RUN = timedelta(hours=6)


def main(first: int, last: int) -> None:
    for user in range(first, last + 1):
        token = AccessToken()
        token["user_id"] = str(user)
        token.set_exp(lifetime=LONGER_THAN_ANY_RUN)
        print(token)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
