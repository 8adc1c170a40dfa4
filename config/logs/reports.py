"""What Sentry is told of a fault: where it happened, under which ids, what was logged before; nothing that was sent.

    nobody caught it ─► SDK ─► expected? dropped ─► a new event of the listed parts ─► masked ─► a thread sends it

Two lines of defence, as with the log. The SDK is told to collect no body, header, cookie or query; and of what it makes
only what is listed here goes on, through `config/logs/redaction.py`. Local variables would help most and stay at home:
of a text under a harmless name nobody can say whether it is a password.

Roadmap: observability/error-tracking
"""

from collections.abc import Mapping
from functools import lru_cache
from multiprocessing.util import Finalize
from typing import Any

import sentry_sdk
from billiard.util import Finalize as BilliardFinalize
from opentelemetry import trace
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from accounts.trail import request_id
from config import env
from config.logs.redaction import MASK, Redaction, is_secret_name
from config.logs.requests import current, user_of
from config.problems import problem_of

Told = dict[str, Any]
OURS = ["accounts", "config", "orders", "shop"]
OFF = {"mode": "off"}
#: What the SDK may collect, in the words that took the place of `send_default_pii` and `include_local_variables`.
NOTHING: Any = {
    "user_info": False,
    "cookies": OFF,
    "http_headers": {"request": OFF},
    "http_bodies": [],
    "url_query_params": OFF,
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}
#: Parts of an event that go on; `contexts`, `extra`, `request`, `modules` and `user` of the SDK's making do not.
PARTS = (
    "event_id", "timestamp", "level", "platform", "logger", "transaction", "environment", "release", "server_name",
    "sdk", "exception", "breadcrumbs", "message", "logentry",
)  # fmt: skip
#: Those of a breadcrumb; its `data` is whatever somebody logged along.
CRUMB = ("type", "category", "level", "message", "timestamp")


def begin(role: str) -> None:
    """Listen to Django, Celery and what ends a process; send in the background, and what waits when the process ends.

    At most two seconds are spent on that. Reports that cannot be sent are thrown away.
    """
    sentry_sdk.init(
        dsn=env.text("SENTRY_DSN"),
        environment=env.text("SENTRY_ENVIRONMENT"),
        release=env.text("SENTRY_RELEASE") or None,
        data_collection=NOTHING,
        max_request_body_size="never",
        max_breadcrumbs=30,
        in_app_include=OURS,
        before_send=lambda event, hint: told(event, hint, role),  # type: ignore[arg-type,return-value]
        before_breadcrumb=crumb,
        default_integrations=False,  # they would write headers into our calls, and listen to every library there is
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False, cache_spans=False),
            CeleryIntegration(propagate_traces=False),
            LoggingIntegration(event_level=None),  # what was logged leads up to a fault, and is none
            ExcepthookIntegration(),
            DedupeIntegration(),
        ],
        auto_session_tracking=False,
        send_client_reports=False,
        trace_propagation_targets=[],
    )
    for at_the_end in (Finalize, BilliardFinalize):  # forked servers and workers end without `atexit`
        at_the_end(None, sentry_sdk.flush, kwargs={"timeout": 2}, exitpriority=10)


def told(event: Mapping[str, Any], hint: Mapping[str, Any], role: str) -> Told | None:
    """Return what is sent of an event, None if it is no fault of ours."""
    failure = (hint.get("exc_info") or (None, None))[1]
    if isinstance(failure, Exception) and is_expected(failure):
        return None
    kept = {part: event[part] for part in PARTS if part in event}
    if request := current.get():
        kept["transaction"] = request.resolver_match.route if request.resolver_match else "-"
    if user := user_of(request):
        kept["user"] = {"id": str(user)}
    if place := place_of(kept):
        kept["fingerprint"] = place
    return masked(kept) | {"tags": tags(role)}


def is_expected(failure: Exception) -> bool:
    """Whether it is a refusal that the shop answers with: listed as a problem, and not a lost database."""
    return problem_of(failure).slug not in {"internal-error", "database-unavailable"}


def tags(role: str) -> dict[str, str]:
    """Return what reports are searched by: the ids are those of the log's lines."""
    span = trace.get_current_span().get_span_context()
    traced = {"trace_id": f"{span.trace_id:032x}"} if span.is_valid else {}
    return {"role": role, "request_id": redaction().text(request_id.get())} | traced


def place_of(event: Mapping[str, Any]) -> list[str]:
    """Return what makes two faults the same: kind and innermost function of ours, whatever the words and the line."""
    for failure in reversed(event.get("exception", {}).get("values", [])):
        frames = (failure.get("stacktrace") or {}).get("frames", [])
        for frame in reversed(frames):
            if frame.get("in_app"):
                return [str(failure.get("type")), str(frame.get("module")), str(frame.get("function"))]
    return []


def crumb(made: Mapping[str, Any], hint: Mapping[str, Any]) -> Told:
    """Return what is kept of something that happened before the fault."""
    kept: Told = masked({part: made[part] for part in CRUMB if part in made})
    return kept


@lru_cache(1)
def redaction() -> Redaction:
    """Return what masks, knowing the secrets of this process as the log does."""
    return Redaction(env.own_secrets())


def masked(value: Any, name: str = "") -> Any:
    """Return the same tree with every leaf masked; the SDK has made it finite, and a stack lies deep in it."""
    if is_secret_name(name):
        return MASK
    if isinstance(value, Mapping):
        return {key: masked(member, str(key)) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [masked(member, name) for member in value]
    return redaction().value(value, name)
