"""The cache that may be away: reading from a Redis that does not answer finds nothing, writing to it does nothing.

    asked ─► answers            within SOCKET_PATIENCE, or counts as away
             does not answer ─► not asked again for REST seconds: one request waits, not all of them

Only what stands in the database as well may be kept here. Values are JSON: with Django's own pickles, whoever can write
to Redis could run code in the shop.

Roadmap: auth/server-side-session-stores, caching/redis-cache
"""

import json
import logging
from collections.abc import Callable
from functools import cache, cached_property, wraps
from time import monotonic
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

#: What SESSION_STORE may say: Django's engine, and the cache that it uses.
SESSION_STORES = {
    "cached_db": ("django.contrib.sessions.backends.cached_db", "default"),
    "db": ("django.contrib.sessions.backends.db", "default"),
    "redis": ("django.contrib.sessions.backends.cache", "default"),
    "memory": ("django.contrib.sessions.backends.cache", "memory"),
}
SOCKET_PATIENCE = 0.25  # seconds; a Redis next door answers within a thousandth
REST = 5.0
logger = logging.getLogger(__name__)


def at(redis_url: str) -> dict[str, Any]:
    """Return the setting CACHES: sessions and counts, the answers of the catalogue, and what one process keeps."""
    patience = {"socket_connect_timeout": SOCKET_PATIENCE, "socket_timeout": SOCKET_PATIENCE}
    redis = {"BACKEND": "config.caches.ForgivingRedisCache", "LOCATION": redis_url}
    as_json, as_bytes = ({"serializer": f"config.caches.{form}Serializer", **patience} for form in ("Json", "Bytes"))
    return {
        "default": redis | {"KEY_PREFIX": "shop", "OPTIONS": as_json},
        "catalogue": redis | {"KEY_PREFIX": "catalogue", "OPTIONS": as_bytes},
        "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    }


class JsonSerializer:
    """Whole numbers go as they are, so that Redis can count with them."""

    def dumps(self, value: Any) -> Any:
        """Return what is sent to Redis."""
        return value if type(value) is int else json.dumps(value)

    def loads(self, sent: bytes) -> Any:
        """Return what was kept."""
        return json.loads(sent)


class BytesSerializer:
    """What is kept is bytes already, and nothing is made of them."""

    def dumps(self, value: bytes) -> bytes:
        """Return what is sent to Redis."""
        return value

    def loads(self, sent: bytes) -> bytes:
        """Return what was kept."""
        return sent


def _or(otherwise: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method, made to answer `otherwise` while Redis is away."""

    @wraps(method)
    def ask(self: "ForgivingClient", *args: Any, **options: Any) -> Any:
        if monotonic() < self.away_until:
            return otherwise
        try:
            return method(self, *args, **options)
        except RedisError as failure:
            self.away_until = monotonic() + REST
            logger.warning("cache is away: %s", failure)
            return otherwise

    return ask


class ForgivingClient(RedisCacheClient):
    """Speaks to Redis as Django does, and shrugs."""

    away_until = 0.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients: dict[Any, Any] = {}  # by the pool, whose connections all threads share

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Return the one client of a server, for all threads.

        The plain way, Django's, makes one for each question, which first fills a table of all commands there are: a
        look then costs 128 µs of processor time instead of 43.
        """
        there: Any = self  # its stubs do not know what it was made with
        pool = there._get_connection_pool(write)
        if (client := self._clients.get(pool)) is None:
            client = self._clients[pool] = there._client(connection_pool=pool)
        return client

    add = _or(True, RedisCacheClient.add)  # as if it were kept, and soon forgotten; the session engine insists on it
    set = _or(None, RedisCacheClient.set)
    incr = _or(0, RedisCacheClient.incr)  # nothing was counted
    touch = _or(False, RedisCacheClient.touch)
    delete = _or(False, RedisCacheClient.delete)
    get_many = _or({}, RedisCacheClient.get_many)
    has_key = _or(False, RedisCacheClient.has_key)
    set_many = _or(None, RedisCacheClient.set_many)
    delete_many = _or(None, RedisCacheClient.delete_many)
    clear = _or(False, RedisCacheClient.clear)

    def get(self, key: Any, default: Any) -> Any:
        """Return what is kept, or the default."""
        return _or(default, RedisCacheClient.get)(self, key, default)


@cache
def _client(servers: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> ForgivingClient:
    return ForgivingClient(list(servers), **dict(options))


class ForgivingRedisCache(RedisCache):
    """Django's cache on Redis, with the client above."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = ForgivingClient

    @cached_property
    def _cache(self) -> ForgivingClient:
        """One client for the process, though Django has a cache for each thread: who waited, waited for all."""
        there: Any = self  # its stubs do not know what it was made with
        return _client(tuple(there._servers), tuple(there._options.items()))

    @property
    def is_away(self) -> bool:
        """Whether it did not answer lately: what it does not have may well be there."""
        return monotonic() < self._cache.away_until
