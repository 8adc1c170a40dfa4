"""Every figure that the shop shows, in one table: docs/metrics.md is written from it, rules and dashboards obey it.

The figures declare themselves where they are counted; here they are gathered. A test compares the table with what the
page shows, and with Prometheus's rules for names: https://prometheus.io/docs/practices/naming/

Roadmap: observability/prometheus-and-grafana, workflow/documentation
"""

from typing import Any, NamedTuple

from prometheus_client import REGISTRY

from config.metrics import calls, exposition, pools, requests, tasks
from orders.figures import provider

#: Imported so that what they count is declared, whichever process asks for the table.
COUNTING = (calls, pools, provider, requests, tasks)

HEAD = """# Metrics

Every figure that the shop shows Prometheus. Written from the code by `make schema`; rules (`deploy/prometheus/`) and
dashboards (`deploy/grafana/`) may name nothing else, and a test sees to it. A histogram has the three series
`_bucket`, `_sum` and `_count`. All stand at `/metrics` of the web, or of the process that counts them
(docs/decisions/0023-metrics.md).

| name | type | labels | what it says |
| --- | --- | --- | --- |
"""


class Figure(NamedTuple):
    """One row."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str

    @property
    def series(self) -> set[str]:
        """The names that stand on the page."""
        parts = ("_bucket", "_sum", "_count") if self.kind == "histogram" else ("",)
        return {f"{self.name}{part}" for part in parts}


def table() -> list[Figure]:
    """Return every figure, by name."""
    # The registry has no public list of what is in it, and `collect` leaves out labels that were never used.
    declared: list[Any] = [one for one in list(REGISTRY._collector_to_names) if _is_ours(one)]
    counted = [_figure(metric, one._labelnames) for one in declared for metric in one.describe()]
    asked: list[Any] = [metric for one in exposition.EVERYTHING for metric in one.describe()]  # type: ignore[attr-defined]
    return sorted([*counted, *(_figure(metric, metric._labelnames) for metric in asked)])


def _is_ours(collector: Any) -> bool:
    return getattr(collector, "_name", "").startswith(exposition.OURS)


def _figure(metric: Any, labels: tuple[str, ...]) -> Figure:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    return Figure(name, metric.type, tuple(labels), metric.documentation)


def markdown() -> str:
    """Return docs/metrics.md."""
    rows = (
        f"| `{figure.name}` | {figure.kind} | {', '.join(f'`{label}`' for label in figure.labels)} | {figure.text} |\n"
        for figure in table()
    )
    return HEAD + "".join(rows)
