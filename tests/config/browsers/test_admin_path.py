"""The admin's address is a setting, and a deployment is told when it is the one that every scanner tries."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.browsers.admin_path import stands_by_itself


@pytest.mark.roadmap("security/security-misconfiguration")
@pytest.mark.parametrize(("place", "warned"), [("admin/", True), ("WP-Admin/", True), ("counter-7f3a/", False)])
def test_deployment_check_warns_of_a_well_known_path(settings: Any, place: str, warned: bool) -> None:
    settings.ADMIN_PATH = place

    assert bool(stands_by_itself(None)) is warned


@pytest.mark.parametrize(("typed", "read"), [("admin/", "admin/"), ("/a/b-1", "a/b-1/"), ("/x/", "x/")])
def test_path_is_read_with_or_without_its_slashes(monkeypatch: pytest.MonkeyPatch, typed: str, read: str) -> None:
    monkeypatch.setenv("ADMIN_PATH", typed)

    assert env.place("ADMIN_PATH") == read


@pytest.mark.parametrize("typed", ["", "/", "a//b", "a b", "<slug>", "../x", "a?b"])
def test_what_is_no_path_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setenv("ADMIN_PATH", typed)

    with pytest.raises(ImproperlyConfigured, match=r"^ADMIN_PATH must be a path"):
        env.place("ADMIN_PATH")
