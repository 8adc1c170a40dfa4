"""The ear that listens in on every test hears a secret that is written, and masking is why there is none."""

import logging

import pytest

from config.logs.redaction import Redaction
from tests.leaks import overheard

TELLING = "sent 4242 4242 4242 4242 and eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI3In0.c2ln"


def test_secret_that_is_not_masked_is_overheard(monkeypatch: pytest.MonkeyPatch) -> None:
    with overheard() as masked:
        logging.getLogger("shop").warning("%s", TELLING)
    with monkeypatch.context() as unmasked, overheard() as plain:
        unmasked.setattr(Redaction, "text", lambda _, text: text)
        unmasked.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers[-1:])  # not the one outside
        logging.getLogger("shop").warning("%s", TELLING)

    assert masked == []
    assert len(plain) == 1
