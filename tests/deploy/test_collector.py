"""The collector's configuration is one that a collector would start with; a broken copy is refused, and why is said."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from config import env
from deploy.otel.shape import COLLECTOR, faults

Configuration = dict[str, Any]


@pytest.fixture
def configuration() -> Configuration:
    return dict(yaml.safe_load(COLLECTOR.read_text("utf-8")))


def undeclared(broken: Configuration) -> None:
    broken["service"]["pipelines"]["traces"]["exporters"].append("zipkin")


def unused(broken: Configuration) -> None:
    broken["exporters"]["zipkin"] = {"endpoint": "http://zipkin:9411/api/v2/spans"}


def unlimited(broken: Configuration) -> None:
    broken["service"]["pipelines"]["logs"]["processors"].remove("memory_limiter")


def misspelt(broken: Configuration) -> None:
    broken["processor"] = broken.pop("processors")


def deaf(broken: Configuration) -> None:
    broken["service"]["pipelines"]["metrics"]["receivers"] = []


def half_connected(broken: Configuration) -> None:
    broken["service"]["pipelines"]["traces"]["exporters"].remove("spanmetrics")


BROKEN: list[tuple[Callable[[Configuration], None], str]] = [
    (undeclared, "traces: zipkin is not declared under exporters"),
    (unused, "exporters: zipkin is in no pipeline"),
    (unlimited, "logs: memory_limiter is not its first processor"),
    (misspelt, "processor: no section of a collector's configuration"),
    (deaf, "metrics: has no receivers"),
    (half_connected, "connectors: spanmetrics connects nothing"),
]


def test_configuration_is_sound(configuration: Configuration) -> None:
    assert list(faults(configuration)) == []


@pytest.mark.parametrize(("breach", "complaint"), BROKEN)
def test_broken_copy_is_refused(
    configuration: Configuration, breach: Callable[[Configuration], None], complaint: str
) -> None:
    broken = copy.deepcopy(configuration)
    breach(broken)

    assert complaint in list(faults(broken))


def test_collector_listens_where_the_example_sends(configuration: Configuration) -> None:
    port = configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]

    assert f"http://collector:{port}" in env.VARIABLES["OTEL_EXPORTER_OTLP_ENDPOINT"].purpose
