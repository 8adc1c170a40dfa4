"""What the log says, as its readers get it: line by line, each a JSON object."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config.logs.lines import Line

Entries = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Entries]:
    """`entries("shop.request")` is what this logger has written since the test began; without a name, what all have."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(Line())
    root = logging.getLogger()
    root.addHandler(handler)
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.manager._clear_cache()  # type: ignore[attr-defined]

    def written(*names: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in lines.getvalue().splitlines()]
        return [entry for entry in found if not names or entry["logger"] in names]

    yield written
    root.removeHandler(handler)
    root.manager._clear_cache()  # type: ignore[attr-defined]
