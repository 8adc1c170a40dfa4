"""Five roles: the groups say what the table says, a role taken away is gone at once, nobody gives themselves more."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import roles
from accounts.models import TokenFamily, User
from config import access
from tests.factories import office_of, person, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/rbac")]


def permissions(role: str) -> set[str]:
    named = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in named}


def test_groups_say_what_the_table_says() -> None:
    assert {role: permissions(role) for role in roles.ROLES} == roles.ROLES


def test_groups_that_somebody_changed_follow_the_table_again_with_the_next_migration() -> None:
    Group.objects.get(name="support").permissions.clear()

    call_command("migrate", verbosity=0)

    assert permissions("support") == roles.SUPPORT


@pytest.mark.asvs("8.3.2")
def test_role_that_is_taken_away_is_gone_at_once(api: Any) -> None:
    eve = person("eve", role="support")
    client = api(eve, "pwd", "otp")
    refund = "/api/v1/orders/7KQ2-M4XD-9RTC/refunds/"
    assert client.post(refund).status_code != 403

    roles.give(eve, "customer")

    assert client.post(refund).status_code == 403
    assert eve.security_events.filter(kind="role-changed").count() == 2


@pytest.mark.asvs("8.2.3")
@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("field", ["is_superuser", "user_permissions"])
def test_admin_cannot_give_more_than_the_roles_hold(field: str) -> None:
    boss, eve = person("boss", role="admin"), person("eve")
    client = office_of(boss)
    page = reverse("admin:accounts_user_change", args=[eve.pk])
    form = {"email": eve.email, "name": "Eve", "is_active": "on", "is_staff": "on", field: "1"}

    client.post(page, form | {"groups": [Group.objects.get(name="support").pk]})

    eve = User.objects.get(pk=eve.pk)
    assert (eve.is_superuser, eve.user_permissions.count(), eve.is_staff) == (False, 0, True)
    assert eve.security_events.get(kind="role-changed").details == {"before": [], "after": ["support"], "by": boss.pk}


@pytest.mark.roadmap("security/broken-access-control")
def test_admin_cannot_take_over_a_superuser(carol: User) -> None:
    client = office_of(person("boss", role="admin"))

    page = reverse("admin:accounts_user_change", args=[carol.pk])
    client.post(page, {"email": "boss@elsewhere.example", "name": "Carol", "is_active": "on"})
    passwords = {"usable_password": "true", "password1": "boss-knows-this-now", "password2": "boss-knows-this-now"}
    client.post(reverse("admin:auth_user_password_change", args=[carol.pk]), passwords)

    after = User.objects.get(pk=carol.pk)
    assert (after.email, after.password) == (carol.email, carol.password)


@pytest.mark.asvs("7.4.5")
def test_admin_ends_all_logins_of_a_user_but_not_of_a_superuser(carol: User, alice: User) -> None:
    boss = person("boss", role="admin")
    for user in (carol, alice):
        token_of(user)
    chosen = {"action": "end_logins", "_selected_action": [carol.pk, alice.pk]}

    office_of(boss).post(reverse("admin:accounts_user_changelist"), chosen)

    assert TokenFamily.objects.of(carol).open().count() == 1
    assert not TokenFamily.objects.of(alice).open().exists()
    assert alice.security_events.filter(kind="logout-everywhere").exists()


@pytest.mark.roadmap("auth/authentication-vs-authorization", "auth/authorization-middleware-and-decorators")
def test_matrix_that_is_checked_in_is_what_the_permission_classes_say() -> None:
    assert (settings.BASE_DIR / "docs/access-matrix.md").read_text() == access.page(), "`make schema` writes it"


STATUS = {"log in": {401, 302}, "no": {403}, "program": {400, 401, 405}}
NUMBERED = {
    "<str:number>": "7KQ2-M4XD-9RTC",
    "<slug:slug>": "x",
    "<slug:client_id>": "x",
}


@pytest.mark.asvs("8.3.1")
@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("who", access.WHO)
def test_matrix_is_what_is_really_answered(who: str, api: Any) -> None:
    client: APIClient = api(None if who == access.VISITOR else person("eve", role=who), "pwd", "otp")

    for row in access.addresses():
        method, _, path = row.what.strip("`").rpartition(" ")
        for name, example in NUMBERED.items():
            path = path.replace(name, example)
        path = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000000", path)
        if (method, path) == ("DELETE", "/api/v1/auth/sessions/"):
            continue  # it would end the login that asks
        status = getattr(client, (method or "get").lower())(path).status_code
        expected = STATUS.get(row.answers[access.WHO.index(who)])
        assert status in expected if expected else status not in {401, 403}, (who, row.what, status)


@pytest.mark.parametrize("who", roles.ROLES)
def test_admin_opens_the_pages_that_the_matrix_names(who: str) -> None:
    client = office_of(person("eve", role=who))
    named = {row.what: row.answers[access.WHO.index(who)] for row in access.admin_pages()}

    for model in access.admin.site._registry:
        status = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")).status_code
        allowed = named[f"view {model._meta.verbose_name_plural}"] == "yes"
        assert status == (200 if allowed else 403 if roles.ROLES[who] else 302), (who, model)
