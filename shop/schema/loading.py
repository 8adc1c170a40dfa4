"""How resolvers read: each key that is asked for waits a moment, and all that have come together are one query.

    resolver: await context.load(stock_of, 7) ┐
    resolver: await context.load(stock_of, 8) ├─ next tick ─► stock_of([7, 8, 9]) ─► one query on the request's thread
    resolver: await context.load(stock_of, 9) ┘

graphql-core resolves the fields of a level together when resolvers are coroutines. Django's connection belongs to the
thread of the request, so every query goes back there: `on_request_thread` is asgiref's bridge, with `async_to_sync` at
the other end in `config/graphql/endpoint.py`.

Roadmap: api/graphql-dataloader, languages/python
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import graphene
from aiodataloader import DataLoader
from asgiref.sync import sync_to_async
from django.db.models import Model
from rest_framework.request import Request

from accounts.authentication import person_of
from accounts.models import User

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Many = Callable[..., Mapping[Key, Value]]


def on_request_thread(function: Callable[..., Value]) -> Any:
    """Return a coroutine function that calls it where the database connection is."""
    return sync_to_async(function, thread_sensitive=True)


class Context:
    """What resolvers share for one request. `owner` is whose cart it is: the user, or a guest by token."""

    def __init__(self, request: Request, owner: User | str) -> None:
        self.request, self.owner = request, owner
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    @property
    def person(self) -> User:
        """The caller; the guards of the field have seen to it that there is one."""
        return person_of(self.request)

    async def load(self, many: Many[Key, Value], key: Key, *arguments: Hashable) -> Value | None:
        """Return what `many(keys, *arguments)` says of this key; None if it says nothing."""
        name = (many, arguments)
        if name not in self._loaders:
            self._loaders[name] = DataLoader(_batch(many, arguments))
        found: Value | None = await self._loaders[name].load(key)
        return found

    def beside(self, row: Model, relation: str, many: Many[Key, Value], key: Key, shown: Callable[[Any], Any]) -> Any:
        """Return what is shown of a related row or None: at once if both were read by one query, else when `many` says.

        Of a list with a join that is no coroutine for each row, and no query.
        """
        kept = row._state.fields_cache
        return shown(kept[relation]) if relation in kept else self._shown(many, key, shown)

    async def _shown(self, many: Many[Key, Value], key: Key, shown: Callable[[Any], Any]) -> Any:
        return shown(await self.load(many, key))

    def forget(self) -> None:
        """Drop what was read: a mutation has changed it."""
        self._loaders.clear()


class Info(graphene.ResolveInfo):
    """What resolvers are told, with our own context."""

    context: Context


def _batch(many: Many[Key, Value], arguments: tuple[Hashable, ...]) -> Any:
    async def load(keys: list[Key]) -> list[Value | None]:
        found = await on_request_thread(many)(keys, *arguments)
        return [found.get(key) for key in keys]

    return load
