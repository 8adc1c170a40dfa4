"""GraphiQL is served from this house: it loads nothing from strangers, its files are those we chose, and production
has no such page."""

import hashlib
import re
from pathlib import Path

import pytest
from django.test import Client, override_settings

from config.settings import base
from tests.answers import assert_problem
from tests.test_openapi import ADDRESS, opens

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "config" / "static" / "graphiql"
CHOSEN = re.findall(r"^\| `([\w.-]+)` \| `([0-9a-f]{64})` \|$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
pytestmark = pytest.mark.roadmap("api/graphql-server-libraries")


def test_page_loads_nothing_from_strangers_and_everything_it_asks_for_is_here(client: Client) -> None:
    answer = client.get("/graphql/ui/")
    addresses = [found for found in ADDRESS.findall(answer.content.decode()) if not found.startswith("data:")]

    assert answer.status_code == 200
    assert len(addresses) == 5
    assert all(address.startswith("/static/graphiql/") for address in addresses)
    assert {opens(client, address) for address in addresses} == {200}


@pytest.mark.parametrize(("name", "digest"), CHOSEN, ids=[name for name, _ in CHOSEN])
def test_file_is_the_one_that_was_chosen(name: str, digest: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest


def test_every_file_of_somebody_else_is_among_the_chosen() -> None:
    assert {file.name for file in FOLDER.glob("*.min.*")} == {name for name, _ in CHOSEN}
    assert not [file for file in FOLDER.glob("*.min.*") if b"sourceMappingURL" in file.read_bytes()]


@pytest.mark.parametrize("name", ["graphiql.min.css", "page.js"])
def test_style_and_our_own_script_name_no_stranger(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")

    assert not re.search(r"""(?:url\(|@import|src=|fetch\()\s*["']?(?:https?:)?//""", text)


@override_settings(GRAPHIQL=False)
def test_where_it_is_off_there_is_no_page_and_no_link_to_it(client: Client) -> None:
    assert_problem(client.get("/graphql/ui/"), 404, "not-found")
    assert b"/graphql/ui/" not in client.get("/").content


def test_door_leads_to_it_here(client: Client) -> None:
    assert base.GRAPHIQL
    assert b'href="/graphql/ui/"' in client.get("/").content
