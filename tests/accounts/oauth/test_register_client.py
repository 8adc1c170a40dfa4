"""`manage.py register_client`: what it prints works, and what the admin would refuse it refuses."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Application
from tests.accounts.oauth.dance import ask_for_itself

pytestmark = pytest.mark.django_db


def test_what_is_printed_works() -> None:
    printed = io.StringIO()

    call_command("register_client", "Depot", "--scope", "catalog:read", stdout=printed)

    client_id, secret = printed.getvalue().split()
    assert ask_for_itself(Application.objects.get(client_id=client_id), secret, "catalog:read").status_code == 200


@pytest.mark.parametrize(
    ("wishes", "complaint"),
    [
        (["--scope", "orders:read"], "Not for this kind of client: orders:read"),
        (["--scope", "orders:read", "--back", "/back"], "/back is no absolute address"),
        (["--scope", "catalog:read", "--public"], "must be able to keep a secret"),
    ],
)
def test_client_that_the_admin_would_refuse_is_refused(wishes: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("register_client", "Depot", *wishes)

    assert not Application.objects.exists()
