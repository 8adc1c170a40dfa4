"""The shop that every case starts in, and the words in which every protocol's answers are compared.

An end is a plain value: dicts with the names of REST, money as strings, statuses in capitals, orders by "first order"
in place of their random numbers, or a Refusal.
"""

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from accounts.models import User
from config.problems import PROBLEMS
from tests.factories import CategoryFactory, product
from tests.fakes import FakeGateway

End = Any
STATUS = {problem.slug: problem.status for problem in PROBLEMS.values()}
OF_EVERY_ANSWER = ("title", "instance", "request_id")


class Refusal(dict[str, Any]):
    """A problem, less what differs from one answer to the next."""

    def __init__(self, slug: str, detail: str, **members: Any) -> None:
        super().__init__(type=f"/problems/{slug}/", status=STATUS[slug], detail=detail, **members)


class World:
    """Two shelves and one in the first, four products, one sold out and one hidden, and who may ask."""

    def __init__(self, people: dict[str, APIClient], provider: FakeGateway) -> None:
        rooms = CategoryFactory(slug="rooms", position=1)
        desks = CategoryFactory(slug="desks", parent=rooms, position=2)
        lamps = CategoryFactory(slug="lamps", position=3)
        product(sku="DESK", slug="desk", name="Desk", price="100.00", stocked=5, category=desks)
        product(sku="CHAIR", slug="chair", name="Chair", price="40.00", stocked=2, category=desks)
        product(sku="LAMP", slug="lamp", name="Lamp", price="60.00", stocked=0, category=lamps)
        product(sku="PENCIL", slug="pencil", name="Pencil", is_listed=False, category=lamps)
        self.people, self.provider = people, provider
        self.known: dict[str, str] = {}
        self.numbers: list[str] = []

    def filled(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Put the newest line and order where the case says `{line}` and `{number}`."""
        return {
            name: self.known[value.strip("{}")] if value in ("{line}", "{number}") else value
            for name, value in arguments.items()
        }

    def named(self, end: End) -> End:
        """Put "first order" for the number of the first order that was heard of, and remember the newest."""
        if isinstance(end, list):
            return [self.named(part) for part in end]
        if not isinstance(end, dict):
            return end
        for name in {"number", "order"} & end.keys():
            end[name] = self._name(end[name])
        if "line" in end:
            self.known["line"] = end.pop("line")
        return end

    def _name(self, number: str) -> str:
        if number not in self.numbers:
            self.numbers.append(number)
        self.known["number"] = number
        return f"{('first', 'second', 'third')[self.numbers.index(number)]} order"


def refused(problem: dict[str, Any]) -> End:
    """Return the problem without what belongs to one answer only; a key must be told in full."""
    return {name: value for name, value in problem.items() if name not in OF_EVERY_ANSWER}


Api = Callable[..., APIClient]


def people(api: Api, alice: User, bob: User, carol: User) -> dict[str, APIClient]:
    """The cast, each with a client of their own; carol has shown her second factor."""
    return {
        "guest": api(None),
        "alice": api(alice),
        "bob": api(bob),
        "carol": api(carol, "pwd", "otp"),
        "carol without a code": api(carol),
    }
