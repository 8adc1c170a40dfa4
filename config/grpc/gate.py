"""What every call passes: an id to trace it by, who calls, whether they may, and an error that is one of the table's.

    metadata ─► x-request-id ─► Authorization: Bearer …, Api-Key … ─► the method's own guards ─► the method
                                                                        └─ it names none: closed

The classes that authenticate and permit are those of the REST API. Only the health service is open to everybody.

Roadmap: auth/authorization-middleware-and-decorators, observability/correlation-ids
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import grpc
from django.db import connection
from django.http import HttpRequest
from grpc_health.v1 import health
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts import throttling
from accounts.authentication import ApiKeyAuthentication, BearerAuthentication
from accounts.permissions import let_in
from accounts.throttling.rest import caller_of
from accounts.trail import NO_REQUEST, request_id
from config.grpc.statuses import status_of
from config.logs.levels import level_of
from config.metrics.calls import counted
from config.middleware import WELL_FORMED, ClientAddressMiddleware
from config.problems import problem_of
from shop.grpc.guards import Opening, caller

logger = logging.getLogger(__name__)
OPEN = f"/{health.SERVICE_NAME}/"
HEADERS = {
    "authorization": "HTTP_AUTHORIZATION",
    "user-agent": "HTTP_USER_AGENT",
    "x-forwarded-for": "HTTP_X_FORWARDED_FOR",
}

Behaviour = Callable[[Any, grpc.ServicerContext], Any]


class Gate(grpc.ServerInterceptor):
    """Stands before every method of every service. `openings`: what each asks, by full name; the rest is closed."""

    def __init__(self, openings: Mapping[str, Opening]) -> None:
        self.openings = openings

    def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Any], details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler | None:
        """Put the gate around the method's handler; None, hence UNIMPLEMENTED, for a method that does not exist."""
        handler, name = continuation(details), str(details.method)
        if handler is None or name.startswith(OPEN):
            return handler
        pass_through = self._streaming if handler.response_streaming else self._unary
        behaviour = handler.stream_stream or handler.unary_stream or handler.stream_unary or handler.unary_unary
        make = getattr(
            grpc, f"{_arity(handler.request_streaming)}_{_arity(handler.response_streaming)}_rpc_method_handler"
        )
        return make(
            pass_through(name, behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _unary(self, name: str, behaviour: Behaviour) -> Behaviour:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            with counted(name, context), call(name, self.openings.get(name), context):
                return behaviour(request, context)

        return answer

    def _streaming(self, name: str, behaviour: Behaviour) -> Behaviour:
        def answers(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with counted(name, context), call(name, self.openings.get(name), context):
                for answer in behaviour(request, context):
                    connection.close()  # a stream that waits for its next message holds no connection
                    yield answer

        return answers


@contextmanager
def call(name: str, opening: Opening | None, context: grpc.ServicerContext) -> Iterator[None]:
    """Let the caller in or end the call; afterwards the thread's database connection is back in the pool."""
    metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
    offered = metadata.get("x-request-id", "")
    request_id.set(offered if WELL_FORMED.fullmatch(offered) else uuid4().hex)
    try:
        context.send_initial_metadata([("x-request-id", request_id.get())])
        if context.time_remaining() == 0:
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Nobody waits for the answer any more; nothing was begun.")
        with _explained(name, context):
            request = request_of(metadata, context.peer())
            _admit(request, opening)
            caller.set(request)
            yield
    finally:
        request_id.set(NO_REQUEST)  # the thread goes on to other work
        connection.close()


@contextmanager
def _explained(name: str, context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except Exception as exception:  # whatever it is, the table knows what may be said of it
        _write_down(exception)
        context.abort_with_status(status_of(exception, name))


def request_of(metadata: Mapping[str, str], peer: str) -> Request:
    """Return the call as the classes of the REST API know requests: its sender, and what it shows."""
    plain = HttpRequest()
    plain.method = "POST"
    plain.META = {HEADERS[name]: value for name, value in metadata.items() if name in HEADERS}
    plain.META["REMOTE_ADDR"] = address_of(peer)
    ClientAddressMiddleware(lambda request: request)(plain)  # type: ignore[arg-type,return-value] # it answers nothing
    return Request(plain, authenticators=[BearerAuthentication(), ApiKeyAuthentication()])


def address_of(peer: str) -> str:
    """`ipv4:127.0.0.1:50051` and `ipv6:%5B::1%5D:50051` have an address; a Unix socket has none."""
    kind, _, place = unquote(peer).partition(":")
    return place.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


def _admit(request: Request, opening: Opening | None) -> None:
    if opening is None:
        raise PermissionDenied
    who = caller_of(request)
    throttling.take(who, {who.kind: 1})  # from the same buckets as over HTTP
    let_in(request, opening.scope, opening.guards)


def _write_down(exception: Exception) -> None:
    problem = problem_of(exception)
    if problem.status == 500:
        logger.exception("a call failed")
    elif problem.status == 503:
        logger.log(level_of(exception), "%s: %s", problem.slug, exception)


def _arity(is_streaming: bool) -> str:
    return "stream" if is_streaming else "unary"
