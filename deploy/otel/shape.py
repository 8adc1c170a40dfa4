"""What the collector itself would refuse, or silently not do: `python -m deploy.otel.shape`, and a test.

The program is not there on a developer's machine, so its rules are: every pipeline has receivers and exporters, what it
names is declared, what is declared is used, and memory is limited before anything is kept.
https://opentelemetry.io/docs/collector/configuration/

Roadmap: observability/distributed-tracing
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

COLLECTOR = Path(__file__).with_name("collector.yml")
SECTIONS = {"receivers", "processors", "exporters", "connectors", "extensions", "service"}
SIGNALS = {"traces", "metrics", "logs"}


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
    found = list(faults(yaml.safe_load(COLLECTOR.read_text("utf-8"))))
    sys.exit("\n".join(found) or 0)
