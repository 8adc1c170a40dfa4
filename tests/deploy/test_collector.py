"""The collector's configuration is one that a collector would start with; a broken copy is refused, and why is said."""

import copy
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from config import env
from config.logs.lines import Line
from config.logs.settings import LEVELS
from deploy.local.process import ROOT
from deploy.otel.shape import COLLECTOR, SHIPPER, faults

Configuration = dict[str, Any]
#: What the shipper's program reads without being told, in letters of any case, of Python's words:
#: `getBuiltinMapping` in pkg/stanza/operator/helper/severity_builder.go of opentelemetry-collector-contrib.
KNOWN = {"debug": "debug", "info": "info", "warn": "warn", "warning": "warn", "error": "error", "fatal": "fatal"}


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


def forgetful(broken: Configuration) -> None:
    broken["service"]["extensions"].remove("file_storage")
    del broken["extensions"]["file_storage"]


def unreadable(broken: Configuration) -> None:
    broken["receivers"]["filelog"]["operators"][0]["type"] = "json"


def endless(broken: Configuration) -> None:
    del broken["receivers"]["filelog"]["operators"][2]["is_last_entry"]


@pytest.fixture
def shipper() -> Configuration:
    return dict(yaml.safe_load(SHIPPER.read_text("utf-8")))


def test_configuration_is_sound(configuration: Configuration, shipper: Configuration) -> None:
    assert list(faults(configuration)) == []
    assert list(faults(shipper)) == []


@pytest.mark.parametrize(
    ("breach", "complaint"),
    [
        (forgetful, "filelog: file_storage is not declared under extensions"),
        (unreadable, "filelog: json needs a kind that exists"),
        (endless, "filelog: recombine needs is_last_entry"),
    ],
)
def test_broken_shipper_is_refused(
    shipper: Configuration, breach: Callable[[Configuration], None], complaint: str
) -> None:
    breach(shipper)

    assert complaint in list(faults(shipper))


@pytest.mark.roadmap("observability/log-platforms")
def test_shipper_asks_for_the_labels_that_compose_has_docker_write(shipper: Configuration) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    written = {service["logging"]["options"]["labels"] for service in compose["services"].values()}
    asked = re.findall(r'attrs\["([\w.]+)"\]', SHIPPER.read_text("utf-8"))

    assert {label for labels in written for label in labels.split(",")} == set(asked)
    assert "com.docker.compose.project" in asked


@pytest.mark.roadmap("observability/log-platforms")
def test_shipper_reads_the_fields_that_our_lines_have(shipper: Configuration) -> None:
    fields = set(json.loads(Line().format(logging.makeLogRecord({"msg": "x", "name": "shop", "levelname": "INFO"}))))
    asked = set(re.findall(r"attributes\.said\.(\w+)", SHIPPER.read_text("utf-8")))

    assert asked == {"level", "logger", "request_id", "trace_id", "span_id"}
    assert asked - fields == {"trace_id", "span_id"}  # of a line that belongs to a trace


@pytest.mark.roadmap("observability/log-levels")
def test_every_level_that_we_write_is_a_severity(shipper: Configuration) -> None:
    [parser] = [step for step in shipper["receivers"]["filelog"]["operators"] if step["type"] == "severity_parser"]
    told = {word: severity for severity, word in parser.get("mapping", {}).items()}

    severities = [told.get(level.lower(), KNOWN.get(level.lower())) for level in LEVELS]

    assert severities == ["debug", "info", "warn", "error", "fatal"]


def test_shipper_sends_where_the_collector_listens(shipper: Configuration, configuration: Configuration) -> None:
    port = configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]

    assert shipper["exporters"]["otlphttp"]["endpoint"] == f"http://collector:{port}"
    assert "otlp" in configuration["service"]["pipelines"]["logs"]["receivers"]


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
