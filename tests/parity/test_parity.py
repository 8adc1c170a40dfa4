"""Every use case ends alike whichever protocol it comes through, to the last word of each refusal."""

from collections.abc import Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest
from rest_framework.exceptions import NotFound

from accounts.models import User
from orders import errors, gateways
from shop.models import Product
from shop.schema import catalogue
from tests.factories import person
from tests.fakes import FakeGateway
from tests.parity import graphql, page, rest, rpc
from tests.parity.cases import CASES
from tests.parity.protocols import PROTOCOLS, players, plays
from tests.parity.steps import Case, Step
from tests.parity.world import World, people

pytestmark = pytest.mark.roadmap("api/rest-vs-graphql", "api/graphql-queries-and-mutations", "api/error-responses")


@pytest.fixture
def world(alice: User, bob: User, carol: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    gateway = FakeGateway()
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    with ExitStack() as until_the_end:
        yield World(people(alice, bob, carol, person("dave", role="warehouse")), gateway, until_the_end)


def ends(world: World, case: Case, protocol: ModuleType) -> list[Any]:
    """Play the case and return what each step ended with."""
    case.given(world)
    return [_end(world, step, player) for step, player in zip(case.steps, players(case, protocol), strict=True)]


def _end(world: World, step: Step, player: ModuleType) -> Any:
    step.given(world)
    return world.named(player.take(world, step.act, world.filled(step.arguments), step.who))


PLAYED = [
    pytest.param(
        case,
        PROTOCOLS[name],
        id=f"{case.name}-{name}",
        marks=pytest.mark.django_db(transaction=rpc in way),  # another thread answers, and sees what is committed
    )
    for case in CASES
    for name, way in plays(case).items()
]


@pytest.mark.parametrize(("case", "protocol"), PLAYED)
def test_case_ends_alike_through_every_protocol(world: World, case: Case, protocol: ModuleType) -> None:
    assert ends(world, case, protocol) == [step.end for step in case.steps]


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_protocol_says_why_it_does_not_know_an_act(protocol: ModuleType) -> None:
    acts = {step.act for case in CASES for step in case.steps}

    assert acts - protocol.ACTS.keys() == protocol.SILENT.keys()
    assert all(reason.endswith(".") for reason in protocol.SILENT.values())


def test_every_act_is_part_of_a_case() -> None:
    played = {step.act for case in CASES for step in case.steps}

    assert played == rest.ACTS.keys() | graphql.ACTS.keys() | rpc.ACTS.keys()


def unlisted_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "listed", Product.objects.defer)


def decline_becomes_another_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.schema.purchases.errors", Drifted)


class Drifted:
    """The errors module with one name that means something else."""

    OrderClosed = errors.OrderClosed

    def PaymentDeclined(*_: Any, **__: Any) -> Exception:
        return NotFound()


def unknown_becomes_nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.grpc.stock.UnknownProduct", lambda sku: NotFound())


@pytest.mark.parametrize(
    ("name", "protocol", "drift"),
    [
        ("browse", graphql, unlisted_are_shown),
        ("a card that the bank declines", graphql, decline_becomes_another_problem),
        pytest.param(
            "a product that there never was", rpc, unknown_becomes_nothing_here,
            marks=pytest.mark.django_db(transaction=True),
        ),
    ],
)  # fmt: skip
def test_protocol_that_drifts_away_is_caught(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, protocol: ModuleType, drift: Any
) -> None:
    [case] = [case for case in CASES if case.name == name]
    drift(monkeypatch)

    assert ends(world, case, protocol) != [step.end for step in case.steps]


def test_page_shows_these_cases_and_no_others() -> None:
    assert page.PAGE.read_text("utf-8") == page.text(), "`make schema` writes it anew"
