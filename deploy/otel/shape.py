"""What the collector itself would refuse, or silently not do: `python -m deploy.otel.shape`, and a test.

The program is not there on a developer's machine, so its rules are: every pipeline has receivers and exporters, what it
names is declared, what is declared is used, and memory is limited before anything is kept. Where a receiver keeps how
far it has come must be declared, too, and each step of what it does with a line must be of a kind that exists.
https://opentelemetry.io/docs/collector/configuration/

Roadmap: observability/distributed-tracing
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

COLLECTOR = Path(__file__).with_name("collector.yml")
SHIPPER = Path(__file__).with_name("shipper.yml")
SECTIONS = {"receivers", "processors", "exporters", "connectors", "extensions", "service"}
SIGNALS = {"traces", "metrics", "logs"}
#: What is done with a line, and what each step cannot do without (pkg/stanza/docs/operators in the repository
#: opentelemetry-collector-contrib has all).
STEPS = {
    "json_parser": {"parse_to"}, "severity_parser": {"parse_from"}, "trace_parser": {"trace_id", "span_id"},
    "filter": {"expr"}, "recombine": {"combine_field", "is_last_entry"}, "move": {"from", "to"},
    "add": {"field", "value"}, "remove": {"field"},
}  # fmt: skip


def faults(configuration: dict[str, Any]) -> Iterator[str]:
    """Name everything that is wrong."""
    for section in configuration.keys() - SECTIONS:
        yield f"{section}: no section of a collector's configuration"
    service = configuration.get("service") or {}
    pipelines = service.get("pipelines") or {}
    if not pipelines:
        yield "service: has no pipeline"
    for name, pipeline in pipelines.items():
        for fault in _of_pipeline(configuration, name, pipeline or {}):
            yield f"{name}: {fault}"
    for name, receiver in (configuration.get("receivers") or {}).items():
        yield from (f"{name}: {fault}" for fault in _of_receiver(configuration, receiver or {}))
    yield from _unused(configuration, pipelines)
    for extension in set(service.get("extensions") or []) ^ _declared(configuration, "extensions"):
        yield f"extensions: {extension} is not both declared and used"


def _of_pipeline(configuration: dict[str, Any], name: str, pipeline: dict[str, list[str]]) -> Iterator[str]:
    if name.partition("/")[0] not in SIGNALS:
        yield "carries none of traces, metrics, logs"
    for part in ("receivers", "exporters"):
        if not pipeline.get(part):
            yield f"has no {part}"
    for part, named in pipeline.items():
        if part not in {"receivers", "processors", "exporters"}:
            yield f"{part} is no part of a pipeline"
        known = _declared(configuration, part)
        if part != "processors":  # a connector ends one pipeline and begins another
            known |= _declared(configuration, "connectors")
        yield from (f"{one} is not declared under {part}" for one in named if one not in known)
    if (pipeline.get("processors") or [""])[0] != "memory_limiter":
        yield "memory_limiter is not its first processor"


def _of_receiver(configuration: dict[str, Any], receiver: dict[str, Any]) -> Iterator[str]:
    storage = receiver.get("storage")
    if storage and storage not in _declared(configuration, "extensions"):
        yield f"{storage} is not declared under extensions"
    for step in receiver.get("operators", []):
        if missing := STEPS.get(step["type"], {"a kind that exists"}) - step.keys():
            yield f"{step['type']} needs {', '.join(sorted(missing))}"


def _unused(configuration: dict[str, Any], pipelines: dict[str, Any]) -> Iterator[str]:
    used = {
        part: {one for pipeline in pipelines.values() for one in (pipeline or {}).get(part) or []}
        for part in ("receivers", "processors", "exporters")
    }
    for part, names in used.items():
        yield from (f"{part}: {one} is in no pipeline" for one in sorted(_declared(configuration, part) - names))
    for one in sorted(_declared(configuration, "connectors")):
        if not (one in used["receivers"] and one in used["exporters"]):
            yield f"connectors: {one} connects nothing"


def _declared(configuration: dict[str, Any], section: str) -> set[str]:
    return set(configuration.get(section) or {})


if __name__ == "__main__":
    found = [
        f"{file.name}: {fault}"
        for file in (COLLECTOR, SHIPPER)
        for fault in faults(yaml.safe_load(file.read_text("utf-8")))
    ]
    sys.exit("\n".join(found) or 0)
