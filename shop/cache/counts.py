"""How often the cache had what was asked for: `shop_cache_requests_total{kind, result}`, results as in `aside.py`.

Roadmap: caching/purpose-of-caching
"""

from functools import cache
from typing import Any

from prometheus_client import Counter

REQUESTS = Counter(
    "shop_cache_requests", "Answers of the catalogue, by kind and by where they came from.", ["kind", "result"]
)


def count(kind: str, result: str) -> None:
    """Count one request."""
    _child(kind, result).inc()


@cache
def _child(kind: str, result: str) -> Any:
    """Looking one up by its labels costs more than counting."""
    return REQUESTS.labels(kind, result)
