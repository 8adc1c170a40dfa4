"""Try it blocks run as a reader would run them, and what they print is held to what the lesson says."""

import os
import subprocess
from collections.abc import Callable

import pytest

from roadmap.lesson import TryIt, read_lessons
from roadmap.tryit import matches, missing, run


def block(script: str, expected: str | None = None) -> TryIt:
    return TryIt("trade/java", 1, script, expected)


@pytest.fixture
def scripts_of(project) -> Callable[[str], list[TryIt]]:
    """The blocks of a lesson whose Try it part goes on with this text."""

    def read(text: str) -> list[TryIt]:
        project.replace("roadmap/lessons/trade.md", "```sh\necho hello\n```\n", text)
        return read_lessons(project.root)[-1].scripts

    return read


def test_block_and_its_output_are_read(scripts_of):
    (script,) = scripts_of("```sh\necho hello\n## twice\n```\n\n```text\nhello\n```\n")

    assert (script.topic, script.script, script.expected) == ("trade/java", "echo hello\n# twice\n", "hello\n")


def test_text_that_does_not_follow_directly_promises_nothing(scripts_of):
    first, second = scripts_of("```sh\ntrue\n```\n\n```sh\nfalse\n```\n\nAs before:\n\n```text\nhello\n```\n")

    assert (first.expected, second.expected) == (None, None)


def test_block_runs_from_the_root_with_its_environment(tmp_path):
    assert run(block('pwd; echo "$SHOP"'), tmp_path, os.environ | {"SHOP": "here"}) == f"{tmp_path.resolve()}\nhere\n"


@pytest.mark.parametrize("script", ["false\necho on", "false | true", 'echo "$UNSET_BY_ALL"'])
def test_block_stops_at_the_first_thing_that_fails(tmp_path, script):
    with pytest.raises(subprocess.CalledProcessError):
        run(block(script), tmp_path, os.environ)


def test_block_that_does_not_end_is_stopped(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run(block("sleep 30"), tmp_path, os.environ, seconds=0.2)


def test_block_says_what_it_needs():
    here = {"PATH": os.environ["PATH"], "AMQP_URL": ""}

    assert missing(block("# needs: bash, no-such-program, $AMQP_URL\ntrue"), here) == ["no-such-program", "$AMQP_URL"]


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("hello", "hello\n"),
        ("order …: paid", "order R-1234: paid"),
        ("…\nsold\n…", "a\nb\nsold\nc\n"),
        ("…\nsold\n…", "sold\n"),
        ("{\n    …\n}", "{\n  1\n  2\n}"),
    ],
)
def test_output_that_is_as_promised(expected, printed):
    assert matches(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [("hello", "hello\nworld"), ("hello", ""), ("a … b", "a\n1 b"), ("1.5", "1x5"), ("…\nsold", "sold\nout")],
)
def test_output_that_is_not(expected, printed):
    assert not matches(expected, printed)
