"""Users: one account for one address however it is written, and passwords that are never kept."""

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.db import IntegrityError, transaction
from django.test import override_settings

from accounts.models import User
from config.settings import base


def test_address_is_kept_in_lower_case_and_found_in_any(db: None) -> None:
    made = User.objects.create_user("  Alice@Example.COM ", "secret-enough-to-keep")

    assert made.email == str(made) == "alice@example.com"
    assert User.objects.get_by_natural_key(" ALICE@example.com") == made


@pytest.mark.roadmap("databases/schema-design")
def test_database_refuses_upper_case_and_a_second_account(alice: User) -> None:
    with pytest.raises(IntegrityError, match="email_is_lower_case"), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(email="Alice@example.com")
    with pytest.raises(IntegrityError, match="email"), transaction.atomic():
        User.objects.create_user("ALICE@example.com")


def test_user_needs_an_address() -> None:
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user("")


def test_user_without_a_password_cannot_log_in_by_password(db: None) -> None:
    assert not User.objects.create_user("robot@example.com").has_usable_password()


def test_superuser_may_do_everything(db: None) -> None:
    made = User.objects.create_superuser("root@example.com", "secret-enough-to-keep")

    assert (made.is_staff, made.is_superuser) == (True, True)


@pytest.mark.roadmap("security/cryptographic-hashing")
def test_real_settings_hash_with_argon2_and_a_salt_of_its_own() -> None:
    with override_settings(PASSWORD_HASHERS=base.PASSWORD_HASHERS):
        first, second = make_password("alice-shows-the-shop"), make_password("alice-shows-the-shop")

        assert identify_hasher(first).algorithm == "argon2"
        assert first != second
        assert "alice-shows-the-shop" not in first
        assert check_password("alice-shows-the-shop", first)
        assert not check_password("bob-shows-the-shop", first)
