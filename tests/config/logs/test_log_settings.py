"""How much is told is a matter of the environment: each level, each logger, each form; and a wrong wish is refused."""

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.logs.settings import LEVELS, LOGGING, configured, wished

Profile = Callable[..., io.StringIO]


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Profile]:
    """`profile("INFO")` loads it and returns what stderr gets; afterwards the suite's own is back."""
    root = logging.getLogger()
    handlers = root.handlers[:]

    def load(level: str = "INFO", shape: str = "json", levels: str = "") -> io.StringIO:
        monkeypatch.setattr("sys.stderr", lines := io.StringIO())
        logging.config.dictConfig(configured(level=level, shape=shape, levels=wished(levels)))
        return lines

    yield load
    logging.config.dictConfig(LOGGING)
    logging.getLogger("orders.gateways").setLevel(logging.NOTSET)
    root.handlers[:] = handlers


def tell_everything(*names: str) -> None:
    for name in names:
        for level in LEVELS:
            logging.getLogger(name).log(logging.getLevelName(level), "x")


@pytest.mark.roadmap("observability/log-levels", "observability/logging-libraries")
@pytest.mark.parametrize("level", LEVELS)
def test_level_is_the_least_that_is_written(profile: Profile, level: str) -> None:
    heard = profile(level)

    tell_everything("shop")

    written = [json.loads(line)["level"] for line in heard.getvalue().splitlines()]
    assert written == list(LEVELS[LEVELS.index(level) :])


@pytest.mark.roadmap("observability/log-levels")
def test_one_logger_may_tell_more_or_less_than_the_rest(profile: Profile) -> None:
    heard = profile("WARNING", levels="orders.gateways=DEBUG, stripe=CRITICAL")

    tell_everything("orders.gateways", "orders.cart", "stripe")

    told: dict[str, list[str]] = {}
    for entry in map(json.loads, heard.getvalue().splitlines()):
        told.setdefault(entry["logger"], []).append(entry["level"])
    assert told == {
        "orders.gateways": list(LEVELS),
        "orders.cart": ["WARNING", "ERROR", "CRITICAL"],
        "stripe": ["CRITICAL"],
    }


@pytest.mark.roadmap("observability/logging-libraries")
def test_readable_profile_writes_no_json(profile: Profile) -> None:
    heard = profile(shape="readable")

    logging.getLogger("shop").info("sold", extra={"order": "RS-1"})

    assert "order=RS-1" in heard.getvalue()
    assert not heard.getvalue().startswith("{")


def test_nothing_is_written_twice(profile: Profile) -> None:
    heard = profile()

    for name in ("django", "django.server", "shop.request"):
        logging.getLogger(name).error(name)

    assert len(heard.getvalue().splitlines()) == 3


def test_django_tells_of_exceptions_alone_and_without_the_address(profile: Profile) -> None:
    """Of every status from 400 it would write the path once more, outside of the request's id."""
    heard, logger = profile(), logging.getLogger("django.request")

    logger.error("%s: %s", "Service Unavailable", "/of-alice/")
    logger.error("%s: %s", "Internal Server Error", "/of-alice/", exc_info=ValueError("x"))

    [entry] = map(json.loads, heard.getvalue().splitlines())
    assert entry["message"] == "unhandled exception"
    assert "of-alice" not in str(entry)
    assert "ValueError: x" in entry["traceback"]


@pytest.mark.parametrize("wish", ["orders", "orders=LOUD", "=DEBUG", "orders=debug"])
def test_wish_that_cannot_be_read_is_refused(wish: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_LEVELS"):
        wished(wish)


def test_libraries_that_tell_too_much_are_turned_down() -> None:
    assert {LOGGING["loggers"][name]["level"] for name in ("stripe", "httpx", "urllib3")} == {"WARNING"}
