"""Every use case ends alike whichever protocol it comes through, to the last word of each refusal."""

from types import ModuleType
from typing import Any

import pytest
from rest_framework.exceptions import NotFound

from accounts.models import User
from orders import errors, gateways
from shop.models import Product
from shop.schema import catalogue
from tests.fakes import FakeGateway
from tests.parity import graphql, page, rest
from tests.parity.cases import CASES, Case
from tests.parity.world import Api, World, people

PROTOCOLS = {"REST": rest, "GraphQL": graphql}
pytestmark = pytest.mark.roadmap("api/rest-vs-graphql", "api/graphql-queries-and-mutations", "api/error-responses")


@pytest.fixture
def world(alice: User, bob: User, carol: User, api: Api, monkeypatch: pytest.MonkeyPatch) -> World:
    gateway = FakeGateway()
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    return World(people(api, alice, bob, carol), gateway)


def ends(world: World, case: Case, protocol: ModuleType) -> list[Any]:
    """Play the case and return what each step ended with."""
    case.given(world)
    steps = (protocol.take(world, step.act, world.filled(step.arguments), step.who) for step in case.steps)
    return [world.named(end) for end in steps]


def unknown_acts(case: Case, protocol: ModuleType) -> set[str]:
    return {step.act for step in case.steps} - protocol.ACTS.keys()


PLAYED = [
    pytest.param(case, protocol, id=f"{case.name}-{name}")
    for case in CASES
    for name, protocol in PROTOCOLS.items()
    if not unknown_acts(case, protocol)
]


@pytest.mark.parametrize(("case", "protocol"), PLAYED)
def test_case_ends_alike_through_every_protocol(world: World, case: Case, protocol: ModuleType) -> None:
    assert ends(world, case, protocol) == [step.end for step in case.steps]


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_protocol_says_why_it_does_not_know_an_act(protocol: ModuleType) -> None:
    unknown = {act for case in CASES for act in unknown_acts(case, protocol)}

    assert unknown == protocol.SILENT.keys()
    assert all(reason.endswith(".") for reason in protocol.SILENT.values())


def test_every_act_is_part_of_a_case() -> None:
    played = {step.act for case in CASES for step in case.steps}

    assert played == rest.ACTS.keys() | graphql.ACTS.keys()


def unlisted_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "listed", Product.objects.defer)


def decline_becomes_another_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.schema.purchases.errors", Drifted)


class Drifted:
    """The errors module with one name that means something else."""

    OrderClosed = errors.OrderClosed

    def PaymentDeclined(*_: Any, **__: Any) -> Exception:
        return NotFound()


@pytest.mark.parametrize(
    ("name", "drift"),
    [("browse", unlisted_are_shown), ("a card that the bank declines", decline_becomes_another_problem)],
)
def test_protocol_that_drifts_away_is_caught(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, drift: Any
) -> None:
    [case] = [case for case in CASES if case.name == name]
    drift(monkeypatch)

    assert ends(world, case, graphql) != [step.end for step in case.steps]


def test_page_shows_these_cases_and_no_others() -> None:
    assert page.PAGE.read_text("utf-8") == page.text(), "`make schema` writes it anew"
