"""Access tokens for users of a running shop, without their passwords, whose hashes would take minutes for a crowd.

`python -m deploy.local.tokens pwd` reads ids, one per line, and prints a token for each. A process of its own: it
needs the shop's settings, and who measures or tests a shop must not have any.

Roadmap: auth/jwt-issue-and-verify
"""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import uuid4

import django

from deploy.local.process import ROOT

LONGER_THAN_ANY_RUN = timedelta(hours=6)


def access_tokens(
    environment: Mapping[str, str], user_ids: Iterable[int], *, methods: Iterable[str] = ("pwd",)
) -> list[str]:
    """Log these users in, in this order. `methods`: what they have shown; with `otp` they may give money back."""
    command, ids = [sys.executable, "-m", "deploy.local.tokens", *methods], "\n".join(map(str, user_ids))
    return subprocess.check_output(command, input=ids, env=environment, cwd=ROOT, text=True).split()


if __name__ == "__main__":
    django.setup()

    from django.utils import timezone

    from accounts.models import TokenFamily
    from accounts.tokens import AccessToken

    now = timezone.now()
    times = {"authenticated_at": now, "used_at": now, "expires_at": now + LONGER_THAN_ANY_RUN}
    ids = sys.stdin.read().split()
    logins = [TokenFamily(user_id=int(user_id), latest=uuid4(), methods=sys.argv[1:], **times) for user_id in ids]
    for login in TokenFamily.objects.bulk_create(logins, batch_size=1000):
        token = AccessToken()
        token.set_exp(lifetime=LONGER_THAN_ANY_RUN)
        token["sub"], token["sid"], token["amr"] = str(login.user_id), str(login.pk), login.methods
        token["auth_time"] = int(now.timestamp())
        print(token)
