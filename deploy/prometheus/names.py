"""Do rules and dashboards name only what the shop shows? `python -m deploy.prometheus.names` says where they do not.

    docs/metrics.md ─► names and labels ─┐
    rules/*.yml     ─► names they record ┴─► every expression of rules, tests and dashboards: known name, known labels
                                             every alert: severity, summary, a page in docs/runbooks/ that exists

A metric that was renamed breaks no query: it gives an empty graph, and an alert that never goes off. promtool knows the
grammar but not the shop, so this stands beside it and needs no program.

Roadmap: observability/alerting, observability/prometheus-and-grafana
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<kind>\w+) \| (?P<labels>[^|]*) \|", re.MULTILINE)
PARTS = {"histogram": ("_bucket", "_sum", "_count")}
#: What Prometheus and its configuration add to every series.
ADDED = {"job", "instance", "process", "le", "__name__"}
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)\s*\{(?P<matchers>[^}]*)\}")
GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
NAME = re.compile(r"(?<![\w:.$])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])")
SEVERITIES = {"page", "ticket"}

Known = Mapping[str, set[str]]


class Expression(NamedTuple):
    """A piece of PromQL and where it stands."""

    place: str
    text: str


def faults(root: Path = ROOT) -> Iterator[str]:
    """Every name or label that nobody shows, every alert without what a person needs, every figure shown nowhere."""
    known = {**table(root), **recorded(root), "up": set()}
    for expression in [*rules(root), *panels(root)]:
        yield from unknown(expression, known)
    for path, alert in alerts(root):
        yield from lacking(root, path, alert)


def table(root: Path) -> dict[str, set[str]]:
    """Return every series of docs/metrics.md with its labels."""
    found: dict[str, set[str]] = {}
    for row in ROW.finditer((root / "docs/metrics.md").read_text("utf-8")):
        for part in PARTS.get(row["kind"], ("",)):
            found[row["name"] + part] = set(re.findall(r"`(\w+)`", row["labels"]))
    return found


def recorded(root: Path) -> dict[str, set[str]]:
    """Return what the rules record. By convention the name begins with the labels that are left (`shop`: none)."""
    names = [rule["record"] for _, rule in _all_rules(root) if "record" in rule]
    return {name: set(name.partition(":")[0].split("_")) - {"shop"} for name in names}


def rules(root: Path) -> list[Expression]:
    """Return the expression of every rule."""
    return [
        Expression(f"{path} {rule.get('alert') or rule['record']}", rule["expr"]) for path, rule in _all_rules(root)
    ]


def alerts(root: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return every alert with the file that it stands in."""
    return [(path, rule) for path, rule in _all_rules(root) if "alert" in rule]


def panels(root: Path) -> Iterator[Expression]:
    """Return what every panel of every dashboard asks; Grafana's own variables stand for five minutes."""
    for file in sorted((root / "deploy/grafana/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                text = target["expr"].replace("$__rate_interval", "5m")
                yield Expression(f"{file.relative_to(root)} {panel['title']}", text)


def unknown(expression: Expression, known: Known) -> Iterator[str]:
    """Name what an expression asks for and nobody shows."""
    plain = TEXT.sub('""', expression.text)
    for selector in SELECTOR.finditer(plain):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector["matchers"]))
        for label in sorted(labels - ADDED - known.get(selector["name"], labels)):
            yield f"{expression.place}: {selector['name']} has no label {label}"
    names, labels_of = names_in(plain), set[str]()
    for name in sorted(names):
        if name not in known:
            yield f"{expression.place}: nobody shows {name}"
        labels_of |= known.get(name, set())
    for group in GROUPED.findall(plain):
        for label in sorted(set(re.findall(r"\w+", group)) - ADDED - labels_of):
            yield f"{expression.place}: nothing here has the label {label}"


def names_in(promql: str) -> set[str]:
    """Return the metrics that an expression names: what is neither function, keyword, label, text nor duration."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", TEXT.sub('""', promql))
    return set(NAME.findall(GROUPED.sub("", bare))) - WORDS


def lacking(root: Path, path: str, alert: dict[str, Any]) -> Iterator[str]:
    """Name what a person who is woken would look for in vain."""
    place, notes = f"{path} {alert['alert']}", alert.get("annotations", {})
    if alert.get("labels", {}).get("severity") not in SEVERITIES:
        yield f"{place}: severity must be one of {', '.join(sorted(SEVERITIES))}"
    if "for" not in alert:
        yield f"{place}: no duration; one bad sample would wake somebody"
    if not notes.get("summary"):
        yield f"{place}: no summary"
    page = notes.get("runbook_url", "")
    if not (page.startswith("docs/runbooks/") and (root / page).is_file()):
        yield f"{place}: its runbook {page!r} does not exist"
    elif alert["alert"] not in (root / page).read_text("utf-8"):
        yield f"{place}: {page} does not mention it"


def _all_rules(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((root / "deploy/prometheus/rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                yield file.relative_to(root).as_posix(), rule


def main() -> int:
    """Print the faults."""
    found = list(faults())
    print("\n".join(found) or "Rules and dashboards name what the shop shows.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
