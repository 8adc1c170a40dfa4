"""Rate, errors and duration of every task, how long it waited for a worker, and whether the worker still listens.

    published ─► header sent_at ─► queue ─► worker begins: shop_task_wait_seconds ─► ends: shop_task_duration_seconds

Most tasks hand a message of the outbox to the core, which writes its failures down (`shop_outbox_messages_total`);
what is counted as failed here raised, or was killed at its time limit.

Roadmap: messaging/queue-monitoring, observability/apm-signals
"""

from time import perf_counter, time
from typing import Any

from celery import Task, signals
from django.conf import settings
from django.utils.module_loading import import_string
from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600)
TASKS = Counter("shop_tasks", "Tasks by how they ended.", ["task", "outcome"])
DURATION = Histogram("shop_task_duration_seconds", "Time that a task ran.", ["task"], buckets=SECONDS)
WAIT = Histogram("shop_task_wait_seconds", "Time from its publication to its beginning.", ["task"], buckets=SECONDS)
HEARTBEAT = Gauge(
    "shop_worker_heartbeat_timestamp_seconds",
    "When the worker's consumer last said that it listens.",
    multiprocess_mode="livemax",
)
OUTCOMES = {"SUCCESS": "done", "FAILURE": "failed", "RETRY": "retried", "REVOKED": "expired", "REJECTED": "failed"}


def connect() -> None:
    """Have Celery tell us."""
    signals.before_task_publish.connect(stamp)
    signals.task_prerun.connect(began)
    signals.task_postrun.connect(ended)
    signals.task_revoked.connect(revoked)
    signals.heartbeat_sent.connect(beat)
    signals.worker_ready.connect(ready)


def stamp(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Write on the message when it was sent."""
    if headers is not None:
        headers["sent_at"] = time()


def began(task: Task, **_: object) -> None:
    """Count how long it waited. Clocks of two machines differ: less than nothing is nothing."""
    task.request.began = perf_counter()
    if sent_at := getattr(task.request, "sent_at", None):
        WAIT.labels(task.name).observe(max(time() - sent_at, 0.0))


def ended(task: Task, state: str | None = None, **_: object) -> None:
    """Count how it ended."""
    TASKS.labels(task.name, OUTCOMES.get(state or "", "failed")).inc()
    if (beginning := getattr(task.request, "began", None)) is not None:
        DURATION.labels(task.name).observe(perf_counter() - beginning)


def revoked(sender: Task, expired: bool, **_: object) -> None:
    """One that nobody was free for in time, or whose process was killed at its time limit."""
    TASKS.labels(sender.name, "expired" if expired else "failed").inc()


def beat(**_: object) -> None:
    """The consumer runs its loop."""
    HEARTBEAT.set(time())


def ready(**_: object) -> None:
    """Once the pool's processes are there: none shall be forked with a thread of ours in it."""
    beat()
    import_string(settings.METRICS_SERVER)()
