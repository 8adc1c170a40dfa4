"""One JSON object on one line for each record, whatever is in it, with the id of the request that caused it."""

import json
import logging
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from accounts import trail
from config.logs.lines import Line


def line(message: str, *arguments: Any, exc_info: Any = None, shape: str = "json", **extra: Any) -> str:
    record = logging.LogRecord("shop", 30, "x.py", 1, message, arguments, exc_info)
    vars(record).update(extra)
    return Line(shape).format(record)


def written(message: str, *arguments: Any, exc_info: Any = None, **extra: Any) -> dict[str, Any]:
    text = line(message, *arguments, exc_info=exc_info, **extra)
    assert text.splitlines() == [text]
    return json.loads(text)


@pytest.mark.roadmap("observability/structured-logging")
def test_record_is_one_json_object_whose_first_fields_are_always_the_same() -> None:
    entry = written("sold %s of %s", 2, "DESK", order="RS-1", total=Decimal("12.80"))

    assert list(entry)[-5:] == ["time", "level", "logger", "message", "request_id"]
    assert (entry["level"], entry["logger"], entry["message"]) == ("WARNING", "shop", "sold 2 of DESK")
    assert (entry["order"], entry["total"]) == ("RS-1", "12.80")
    assert datetime.fromisoformat(entry["time"]).tzinfo == UTC


def test_record_carries_the_id_of_its_request() -> None:
    with trail.resumed({"request_id": "request-42"}):
        assert written("x")["request_id"] == "request-42"
    assert written("x")["request_id"] == "-"


@pytest.mark.roadmap("security/output-encoding", "observability/structured-logging")
@pytest.mark.parametrize("name", ['Desk"\n{"level": "ERROR"}', "\x1b[31mred", "\u2028", "日本", "\ud800", "\0"])
def test_hostile_name_stays_inside_its_line(name: str) -> None:
    assert written("renamed to %s", name)["message"] == f"renamed to {name}"
    assert written("renamed", product=name)["product"] == name


def test_nobody_speaks_for_the_log_itself() -> None:
    entry = written("x", time="never", level="FATAL", request_id="of-somebody-else")

    assert (entry["level"], entry["request_id"]) == ("WARNING", "-")
    assert entry["time"] != "never"


def test_traceback_stays_on_the_line() -> None:
    try:
        raise ValueError("no such desk")
    except ValueError:
        entry = written("failed", exc_info=sys.exc_info())

    assert "ValueError: no such desk" in entry["traceback"]


class Broken:
    """Raises whenever somebody wants to see it."""

    def __str__(self) -> str:
        raise RuntimeError("not today")

    __repr__ = __str__


def endless() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


ODD = [
    b"\xff", {1, 2}, {("a", 1): object()}, UUID(int=7), datetime.now(UTC), float("nan"), float("inf"), 10**400,
    endless(), Broken(), {"deep": {"deeper": Broken()}}, ValueError("x"), type, "x" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_value_that_json_cannot_hold_is_described(odd: Any) -> None:
    entry = written("odd", odd=odd, many=[odd, odd])

    assert entry["message"] == "odd"
    assert len(json.dumps(entry)) < 100_000


UNWRITABLE = [("%d units", ("two",)), ("%s and %s", ("one",)), ("%s", (Broken(),))]


@pytest.mark.parametrize(("message", "arguments"), UNWRITABLE, ids=["wrong kind", "too few", "broken"])
def test_record_that_cannot_be_written_says_where_it_came_from_instead_of_raising(message: str, arguments: Any) -> None:
    entry = written(message, *arguments)

    assert (entry["level"], entry["logger"], entry["where"]) == ("ERROR", "shop", "x.py:1")
    assert entry["message"].startswith("a record could not be written")


def test_whole_requests_and_arguments_of_tasks_are_left_out() -> None:
    assert not {"request", "data"} & set(written("x", request="<GET /?code=1>", data={"args": "…"}))


@pytest.mark.roadmap("observability/logging-libraries")
def test_readable_form_has_the_same_words_and_no_json() -> None:
    words = line("sold %s", "DESK", shape="readable", order="RS-1", password="hunter2")

    assert "[warning" in words
    assert "sold DESK" in words
    assert "order=RS-1" in words
    assert "hunter2" not in words
    assert "{" not in words


def test_hostile_name_stays_inside_its_line_in_the_readable_form_too() -> None:
    assert len(line("renamed to %s", "Desk\n2026 [error] made up", shape="readable").splitlines()) == 1
