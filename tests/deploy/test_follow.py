"""The terminal of `make run`: lines of JSON become words, everything else stays as it is."""

import json

from deploy.local.follow import readable


def test_line_of_json_is_shown_as_words() -> None:
    entry = {"time": "…", "level": "INFO", "message": "GET 200", "route": "api/", "user": None, "request_id": "-"}

    assert readable(json.dumps(entry).encode()) == b"INFO  GET 200  route=api/"


def test_traceback_is_shown_as_lines_again() -> None:
    entry = {"level": "ERROR", "message": "failed", "traceback": "Traceback\n  File x"}

    assert readable(json.dumps(entry).encode()) == b"ERROR  failed  \nTraceback\n  File x"


def test_line_that_is_none_stays() -> None:
    plain = b"INFO:  Uvicorn running\n{not json\n[1]\n5\n"

    assert readable(plain) == plain
