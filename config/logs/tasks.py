"""Celery's side of the trail: a task runs under the id of the request that caused it, and leaves one line.

    publish: headers["trail"] = carried() ─► broker ─► worker: before the task, resume ─► after it, one line, forget

A task that no request caused, the clock's, runs under its own id, so that what it says can still be told apart; its
line is one for DEBUG, or every five seconds somebody would read that nothing was to be done.

Roadmap: observability/correlation-ids, observability/what-to-log
"""

import logging
import logging.config
from contextvars import Token
from time import perf_counter
from typing import Any, NamedTuple

from celery import signals
from django.conf import settings

from accounts import trail

logger = logging.getLogger("shop.task")


class Begun(NamedTuple):
    """A task that runs: when it began, what its thread worked for before, whether a request caused it."""

    at: float
    token: Token[str]
    is_caused: bool


running: dict[str, Begun] = {}


@signals.celeryd_init.connect
def begin_early(**_: Any) -> None:
    """A worker warns (of root's privileges, say) before Django has set the log up: those lines are lines, too."""
    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)


@signals.setup_logging.connect
def leave_logging_alone(**_: Any) -> None:
    """Celery would set the root logger's level to its own, WARNING. That somebody listens here is enough."""


@signals.before_task_publish.connect
def send_along(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Write the trail into the message's headers."""
    if headers is not None and (context := trail.carried()):
        headers["trail"] = context


@signals.task_prerun.connect
def begin(task_id: str = "", task: Any = None, **_: Any) -> None:
    """Take the trail up."""
    if not task_id:
        return
    context = getattr(getattr(task, "request", None), "trail", None) or {}
    known = context.get("request_id") or trail.carried().get("request_id")
    running[task_id] = Begun(perf_counter(), trail.request_id.set(known or task_id), bool(known))


@signals.task_postrun.connect
def end(task_id: str = "", task: Any = None, state: str | None = None, **_: Any) -> None:
    """Say what became of it, and forget it."""
    begun = running.pop(task_id, None)
    if begun is None:
        return
    fields = {
        "task": task.name,
        "task_id": task_id,
        "state": state,
        "duration_ms": round((perf_counter() - begun.at) * 1000, 1),
    }
    logger.log(logging.INFO if begun.is_caused else logging.DEBUG, "%s %s", task.name, state, extra=fields)
    trail.request_id.reset(begun.token)
