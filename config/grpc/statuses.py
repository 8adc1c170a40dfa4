"""What each problem of `config/problems.py` is in gRPC: a code for programs, and the same problem in its details.

    OutOfStock ─► FAILED_PRECONDITION "Only 2 of Desk left; you asked for 3."
                  └─ google.rpc.ErrorInfo: reason OUT_OF_STOCK, metadata type, request_id, lines

The code follows from the HTTP status, unless gRPC has a finer word for it.

Roadmap: api/error-responses
"""

import json
from urllib.parse import urlsplit

import grpc
from django.conf import settings
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from config.problems import RETRY_AFTER, Problem, body, problem_of

BY_STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 402: "FAILED_PRECONDITION", 403: "PERMISSION_DENIED",
    404: "NOT_FOUND", 405: "UNIMPLEMENTED", 406: "INVALID_ARGUMENT", 409: "FAILED_PRECONDITION",
    412: "ABORTED", 413: "RESOURCE_EXHAUSTED", 415: "INVALID_ARGUMENT", 422: "INVALID_ARGUMENT",
    428: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
}  # fmt: skip
#: ABORTED: the same call may succeed in a moment. ALREADY_EXISTS: the name is taken, choose another.
BY_SLUG = {"request-in-progress": "ABORTED", "idempotency-key-reused": "ALREADY_EXISTS",
    "reservation-differs": "ALREADY_EXISTS"}  # fmt: skip
#: Details travel in a header, and clients take 8,192 bytes of headers by default; what would be longer is left out.
MOST_BYTES = 2_000


def code_of(problem: Problem) -> str:
    """Return the name of its code."""
    return BY_SLUG.get(problem.slug) or BY_STATUS[problem.status]


def status_of(exception: Exception, method: str) -> grpc.Status:
    """Return what to end the call with. An exception that is not listed says nothing of itself."""
    problem = problem_of(exception)
    told = body(problem, exception, method)
    metadata = {name: _text(told[name]) for name in ("type", "request_id", *problem.fields)}
    details: list[Message] = [
        ErrorInfo(
            reason=problem.slug.replace("-", "_").upper(),
            domain=urlsplit(settings.SITE_URL).hostname or "",
            metadata={name: text for name, text in metadata.items() if len(text.encode()) <= MOST_BYTES},
        )
    ]
    if retry_after := getattr(exception, "retry_after", None) or RETRY_AFTER.get(problem.slug):
        details.append(RetryInfo(retry_delay=Duration(seconds=int(retry_after))))
    status = Status(code=Code.Value(code_of(problem)), message=told["detail"][:500])
    for detail in details:
        status.details.add().Pack(detail)
    return rpc_status.to_status(status)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
