"""Rate, errors and duration of calls to the stock service.

Roadmap: observability/apm-signals, api/grpc-server-libraries
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import grpc
from prometheus_client import Counter, Histogram

from orders.figures import SECONDS, since

CALLS = Counter("shop_grpc_calls", "Calls by the code of their answer.", ["method", "code"])
DURATION = Histogram(
    "shop_grpc_call_duration_seconds", "Time of a call; of a stream, all of it.", ["method"], buckets=SECONDS
)


@contextmanager
def counted(name: str, context: grpc.ServicerContext) -> Iterator[None]:
    """Count a call by its method's full name: only methods that exist come here, so there are few."""
    began = perf_counter()
    try:
        yield
    finally:
        CALLS.labels(name, _code(context)).inc()
        DURATION.labels(name).observe(since(began))


def _code(context: Any) -> str:
    """gRPC knows none until something went wrong."""
    code = context.code()
    return code.name if isinstance(code, grpc.StatusCode) else "OK"
