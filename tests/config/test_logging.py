"""One JSON object on one line for each record, whatever is in it, with the id of the request that caused it."""

import json
import logging
import sys
from typing import Any

import pytest

from accounts.trail import request_id
from config.logging import LOGGING, JsonFormatter


def written(message: str, *arguments: Any, exc_info: Any = None) -> dict[str, Any]:
    line = JsonFormatter().format(logging.LogRecord("shop", 30, "x.py", 1, message, arguments, exc_info))
    assert "\n" not in line
    return json.loads(line)


def test_record_is_one_json_object_with_time_level_and_logger() -> None:
    entry = written("sold %s of %s", 2, "DESK")

    assert (entry["level"], entry["logger"], entry["message"]) == ("WARNING", "shop", "sold 2 of DESK")
    assert entry["time"].endswith("+00:00")
    assert entry["request_id"] == "-"


def test_record_carries_the_id_of_its_request() -> None:
    token = request_id.set("request-42")
    try:
        assert written("x")["request_id"] == "request-42"
    finally:
        request_id.reset(token)


@pytest.mark.roadmap("security/output-encoding")
@pytest.mark.parametrize("name", ['Desk"\n{"level": "ERROR"}', "\x1b[31mred", "\u2028", "日本"])
def test_hostile_name_stays_inside_its_line(name: str) -> None:
    assert written("renamed to %s", name)["message"] == f"renamed to {name}"


def test_traceback_stays_on_the_line() -> None:
    try:
        raise ValueError("no such desk")
    except ValueError:
        entry = written("failed", exc_info=sys.exc_info())

    assert "ValueError: no such desk" in entry["traceback"]


def test_libraries_that_tell_too_much_are_turned_down() -> None:
    assert {LOGGING["loggers"][name]["level"] for name in ("stripe", "httpx")} == {"WARNING"}
