"""The page that Prometheus reads: the figures of all processes of a group, and what is asked for at that moment.

    PROMETHEUS_MULTIPROC_DIR set    files of all processes, the ended ones among them, added up
    not set                         the figures of this process

Only names of ours are shown. The machine is told by every group, the shop's books and queues by the web alone: they are
the same whoever looks, and each look costs something.

Roadmap: observability/prometheus-and-grafana
"""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config.metrics import DIRECTORY, ended
from config.metrics.books import BOOKS
from config.metrics.machine import MACHINE
from config.metrics.neighbours import BREAKER, QUEUES

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_PLAIN_0_0_4
OURS = "shop_"
#: What a process other than the web tells besides its own figures, and what the web does.
BACKSTAGE: tuple[Collector, ...] = (MACHINE,)
EVERYTHING: tuple[Collector, ...] = (MACHINE, BOOKS, QUEUES, BREAKER)

# When a counter was made says nothing that `up` and the start of the series do not, and would be a series for each.
prometheus_client.disable_created_metrics()


class OwnProcess(Collector):
    """What this process has counted."""

    def collect(self) -> Iterator[Metric]:
        """Names of ours only."""
        yield from (metric for metric in REGISTRY.collect() if metric.name.startswith(OURS))


def page(collectors: Iterable[Collector] = EVERYTHING) -> bytes:
    """Return all figures in Prometheus's text format."""
    with ended.locked(DIRECTORY) if DIRECTORY else nullcontext():
        counted = list(_counted().collect())
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Known(counted))
    for collector in collectors:
        registry.register(collector)
    return prometheus_client.generate_latest(registry)


def _counted() -> Collector:
    if DIRECTORY is None:
        return OwnProcess()
    ended.fold(DIRECTORY)
    return MultiProcessCollector(None, str(DIRECTORY))


class Known(Collector):
    """What was collected before."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        """As it was."""
        return self._metrics

    def describe(self) -> list[Metric]:
        """Nothing: it stands in a registry of its own."""
        return []
