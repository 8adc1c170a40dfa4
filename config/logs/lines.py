"""One record, one line: what structlog makes of every call to a logger, ours and the libraries' alike.

    logger.info("…", extra={…}) ─► fields ─► masked ─► JSON object on one line       LOG_FORMAT=json
                                                   └─► words with colours            LOG_FORMAT=readable

Modules know only the standard library's `logging`, so that a core module needs nothing of us and a library's records
get the same fields. `docs/logging.md` lists the fields; their names are a promise to whoever searches for them.

Never raises and never breaks the line, whatever is logged: the log is no reason for a purchase to fail.

Roadmap: observability/structured-logging, observability/logging-libraries
"""

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog
from opentelemetry import trace
from structlog.stdlib import ProcessorFormatter

from accounts.trail import request_id
from config import env
from config.logs.redaction import Redaction

Fields = MutableMapping[str, Any]
#: What every record has, so that what is left is what somebody gave as `extra`.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: What libraries give along: whole requests, with query and cookies, and what a task was called with.
TOO_MUCH = frozenset({"request", "data", "server_time", "sinfo", "color_message", "params", "sql"})
LEFT_OUT = STANDARD | TOO_MUCH


def _described(_: Any, __: str, fields: Fields) -> Fields:
    """The fields that every line has, in the order in which they are read."""
    record: logging.LogRecord = fields["_record"]
    described: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": fields["event"],
        "request_id": request_id.get(),
    }
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        described |= {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
    given = {name: value for name, value in vars(record).items() if name not in LEFT_OUT}
    return given | described | {"exc_info": fields.get("exc_info"), "stack": fields.get("stack_info")}


def _with_traceback(_: Any, __: str, fields: Fields) -> Fields:
    """The traceback as text; its source lines and the exception's words are masked like the rest."""
    exc_info, stack = fields.pop("exc_info"), fields.pop("stack")
    if exc_info and exc_info[0]:
        fields["traceback"] = "".join(traceback.format_exception(*exc_info))
    if stack:
        fields["stack"] = stack
    return fields


class Masked:
    """Masks every value but those that we made ourselves."""

    OURS = frozenset({"time", "level", "logger", "request_id", "trace_id", "span_id"})

    def __init__(self, redaction: Redaction) -> None:
        self.redaction = redaction

    def __call__(self, _: Any, __: str, fields: Fields) -> Fields:
        """Return the fields as plain JSON values."""
        text, value, ours = self.redaction.text, self.redaction.value, self.OURS
        return {text(name): told if name in ours else value(told, name) for name, told in fields.items()}


def as_json(_: Any, __: str, fields: Fields) -> str:
    """ASCII only: a line separator of Unicode's, too, would end the line for some reader."""
    return ENCODER.encode(fields)


def as_words(_: Any, __: str, fields: Fields) -> str:
    """For the eyes of one developer: the time of day, the level, the words, then what is left."""
    said = {"timestamp": fields.pop("time")[11:23], "level": fields.pop("level").lower(), **fields}
    said["event"] = said.pop("message").replace("\n", "\\n").replace("\x1b", "\\x1b")
    if said.get("request_id") == "-":
        del said["request_id"]
    if "traceback" in said:
        said["exception"] = said.pop("traceback")
    return str(CONSOLE(None, "", said))


ENCODER = json.JSONEncoder(default=str)
CONSOLE = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
FORMATS = {"json": as_json, "readable": as_words}


class Line(ProcessorFormatter):
    """The formatter of every handler."""

    def __init__(self, shape: str = "json") -> None:
        masked = Masked(Redaction(env.own_secrets()))
        super().__init__(processors=[_described, _with_traceback, masked, FORMATS[shape]])

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of a record that cannot be written, a line that says so and where it came from."""
        try:
            return super().format(record)
        except Exception as failure:  # wrong arguments, a value that breaks when it is read: the caller's day goes on
            where = f"{record.pathname}:{record.lineno}"
            said = {"message": f"a record could not be written: {type(failure).__name__}", "where": where}
            time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
            known = {"time": time, "level": "ERROR", "logger": record.name}
            return json.dumps(known | said | {"request_id": request_id.get()})
