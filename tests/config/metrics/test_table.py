"""The table is the page: every name and label on it stands in docs/metrics.md, and is named as Prometheus wants it."""

import re
from pathlib import Path

import pytest

from config.metrics import exposition
from config.metrics.table import markdown, table
from tests.figures import page, samples

DOCUMENT = Path(__file__).parents[3] / "docs/metrics.md"
#: https://prometheus.io/docs/practices/naming/: base units, in the plural, at the end; `_total` for what only grows.
UNITS = ("seconds", "bytes", "minor_units")
NOT_BASE = re.compile(r"_(ms|milliseconds|minutes|hours|kb|mb|kilobytes|megabytes|percent)(_|$)")
#: What would be a new series for each buyer, order or request.
ENDLESS = {"user", "user_id", "email", "order", "number", "path", "url", "id", "request_id", "sku", "address", "ip"}


@pytest.mark.roadmap("observability/prometheus-and-grafana")
def test_document_is_the_table() -> None:
    assert DOCUMENT.read_text("utf-8") == markdown(), "`make schema` writes it anew"


@pytest.mark.roadmap("observability/prometheus-and-grafana")
def test_page_shows_what_stands_in_the_table(transactional_db: None) -> None:
    known = {series: set(figure.labels) for figure in table() for series in figure.series}
    shown = samples(page(exposition.EVERYTHING))

    assert {name for name, _ in shown} <= set(known)
    assert {
        name: labels for name, has in shown if (labels := {label for label, _ in has} - {"le"}) != known[name]
    } == {}
    text = page(exposition.EVERYTHING)
    assert {figure.name for figure in table() if f"# TYPE {figure.name} {figure.kind}" not in text} == set()


def test_names_are_as_prometheus_wants_them() -> None:
    for figure in table():
        assert figure.name.startswith("shop_"), figure
        assert figure.name.endswith("_total") == (figure.kind == "counter"), figure
        assert not NOT_BASE.search(figure.name), figure
        assert figure.kind != "histogram" or figure.name.endswith(UNITS), figure
        assert not figure.name.endswith(("_count", "_sum", "_bucket")), figure
        assert len(figure.text) >= 10, figure


def test_no_label_has_endless_values() -> None:
    assert [figure for figure in table() if ENDLESS & set(figure.labels)] == []
