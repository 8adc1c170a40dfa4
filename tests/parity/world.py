"""The shop that every case starts in, and the words in which every protocol's answers are compared.

An end is a plain value: dicts with the names of REST, money as strings, statuses in capitals, orders by "first order"
in place of their random numbers (reviews likewise), or a Refusal.
"""

from collections import defaultdict
from contextlib import ExitStack
from datetime import timedelta
from functools import cached_property
from typing import Any

from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import User
from accounts.security_events import NOWHERE
from config.problems import PROBLEMS
from tests.factories import CategoryFactory, product, token_of
from tests.fakes import FakeGateway
from tests.grpc_client import StockClient, serving

End = Any
STATUS = {problem.slug: problem.status for problem in PROBLEMS.values()}
#: What a case says for what it cannot know; a tuple, since some arguments are not hashable.
PLACES = ("{line}", "{number}", "{parcel}", "{review}")
HAS_A_NAME = {"number": "order", "order": "order", "review": "review"}
OF_EVERY_ANSWER = ("title", "instance", "request_id")


class Refusal(dict[str, Any]):
    """A problem, less what differs from one answer to the next."""

    def __init__(self, slug: str, detail: str, **members: Any) -> None:
        super().__init__(type=f"/problems/{slug}/", status=STATUS[slug], detail=detail, **members)


class World:
    """Two shelves and one in the first, four products, one sold out and one hidden, and who may ask.

    `people` has the Authorization that each shows. `until_the_end` ends what a play has started.
    """

    def __init__(self, people: dict[str, str], provider: FakeGateway, until_the_end: ExitStack) -> None:
        rooms = CategoryFactory(slug="rooms", position=1)
        desks = CategoryFactory(slug="desks", parent=rooms, position=2)
        lamps = CategoryFactory(slug="lamps", position=3)
        product(sku="DESK", slug="desk", name="Desk", price="100.00", stocked=5, category=desks)
        product(sku="CHAIR", slug="chair", name="Chair", price="40.00", stocked=2, category=desks)
        product(sku="LAMP", slug="lamp", name="Lamp", price="60.00", stocked=0, category=lamps)
        product(sku="PENCIL", slug="pencil", name="Pencil", is_listed=False, category=lamps)
        self.people = {who: _client(shown) for who, shown in people.items()}
        self.shown, self.provider, self.until_the_end = people, provider, until_the_end
        self.known: dict[str, str] = {}
        self.heard: defaultdict[str, list[str]] = defaultdict(list)

    def filled(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Put the newest line, order, parcel or review where the case says so, in the words of PLACES."""
        return {name: self.known[value.strip("{}")] if value in PLACES else value for name, value in arguments.items()}

    def named(self, end: End) -> End:
        """Put "first order" for the number of the first order that was heard of, and remember the newest."""
        if isinstance(end, list):
            return [self.named(part) for part in end]
        if not isinstance(end, dict):
            return end
        for name in HAS_A_NAME.keys() & end.keys():
            end[name] = self._name(HAS_A_NAME[name], end[name])
        for name in {"line", "parcel"} & end.keys():
            self.known[name] = end.pop(name)
        return end

    def _name(self, kind: str, found: str) -> str:
        heard = self.heard[kind]
        if found not in heard:
            heard.append(found)
        self.known["number" if kind == "order" else kind] = found
        return f"{('first', 'second', 'third')[heard.index(found)]} {kind}"

    @cached_property
    def port(self) -> int:
        """Where gRPC listens, from the first call on. Its threads see only what is committed."""
        return self.until_the_end.enter_context(serving()).port

    def warehouse(self, who: str) -> StockClient:
        """A client of the stock service that shows what `who` shows over HTTP."""
        client = StockClient(f"127.0.0.1:{self.port}", self.shown[who])
        self.until_the_end.callback(client.channel.close)
        return client


def _client(shown: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    if shown:
        client.credentials(HTTP_AUTHORIZATION=shown)
    return client


def refused(problem: dict[str, Any]) -> End:
    """Return the problem without what belongs to one answer only; a key must be told in full."""
    return {name: value for name, value in problem.items() if name not in OF_EVERY_ANSWER}


def people(alice: User, bob: User, carol: User, dave: User) -> dict[str, str]:
    """The cast, each with what they show; carol has shown her second factor, and dave's scanner is a program."""
    key = api_keys.make(
        dave, name="Scanner", scopes=["catalog:read"], networks=(), lasts=timedelta(days=1), origin=NOWHERE
    ).key
    return {
        "guest": "",
        "alice": bearer(alice),
        "bob": bearer(bob),
        "carol": bearer(carol, "pwd", "otp"),
        "carol without a code": bearer(carol),
        "dave": bearer(dave),
        "dave's scanner": f"Api-Key {key}",
    }


def bearer(user: User, *methods: str) -> str:
    return f"Bearer {token_of(user, methods or ['pwd'])}"
