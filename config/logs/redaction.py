"""What must not stand in a log is masked on its way there: by the name it goes under, by its looks, or by being ours.

    by name     password=…, "token": …, Authorization: …           a key, a variable in text, a header, a parameter
    by looks    e-mail addresses, bearer tokens, JWTs, card numbers, API keys, password hashes, private keys, user:pw@
    by value    the secrets that this process itself was started with

The log is read by more people than the database, is kept elsewhere, and is never deleted row by row. So what is masked
here is lost for good, and rather one word too many: who needs the value looks it up by the id that stands beside it.

This is the second line. The first is not to log such things at all: the request line has no path, query or body.

Roadmap: observability/log-redaction
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

MASK = "[masked]"
#: More of one text, and deeper in one value, nobody reads; and a value that contains itself has no end.
LONGEST, DEEPEST, MOST_MEMBERS = 16_000, 6, 100

_DELICATE = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|api[_-]?key|private[_-]?key|authori[sz]ation|cookie|credential"
    r"|session(?:[_-]?(?:id|key))|csrf\w{0,20}|cvc|cvv|otp|card[_-]?(?:no|num\w{0,10})|iban|signature"
)
#: Names under which a value is a secret whatever it looks like.
SECRET_NAME = re.compile(rf"(?:{_DELICATE})s?$|^(?:pan|pin|card|{_DELICATE})(?:$|[_-])|e-?mail", re.IGNORECASE)
#: Those that sound like it and are none: how many, which kind, whose.
HARMLESS_NAME = re.compile(r"_(?:count|kind|type|name|age|at|seconds)$", re.IGNORECASE)


def _luhn(digits: str) -> bool:
    """Every card number has a last digit that is made of the others (ISO/IEC 7812-1)."""
    doubled = [int(digit) * 2 if place % 2 else int(digit) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _card(found: re.Match[str]) -> str:
    return MASK if _luhn(re.sub(r"\D", "", found[0])) else found[0]


#: What may stand before the @ of an address.
_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]"
Masking = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
#: In this order: whole blocks and headers first, single words last.
LOOKS: tuple[Masking, ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|stripe-signature)(\s*:\s*)[^\r\n]+"), rf"\1\2{MASK}"),
    (re.compile(r"(?i)(://)[^\s/@:]{0,256}:[^\s@]{1,256}@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)\b(bearer|api-key)(\s+)(?!error=)[\w.~+/=-]{8,}"), rf"\1\2{MASK}"),
    (re.compile(r"\b(Basic\s+)[A-Za-z0-9+/]{8,}={0,2}"), rf"\1{MASK}"),
    (
        re.compile(
            rf"(?i)((?:{_DELICATE})s?[\\\"']*\]?\s*(?:=>|[:=])\s*)"
            r"(?:\\+\"[^\"]*\"|b?\"(?:[^\"\\]|\\.)*\"|b?'(?:[^'\\]|\\.)*'|(?!\[masked\])[^\s,;&)}\]]+)"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)([?&](?:code|state|ticket|key|sig|e-?mail)=)[^\s&#\"']+"), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*){0,3}"), MASK),
    (re.compile(r"\b(?:sk|rk)_(?:test|live)_\w+|\bwhsec_\w+"), MASK),
    (re.compile(r"\b[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}\b"), MASK),  # our API keys: prefix and secret
    (re.compile(r"(?<![\w-])[\w-]+:[\w-]{6}:[\w-]{43}(?![\w-])"), MASK),  # what Django signs, as in links of letters
    (re.compile(r"\$argon2\w+\$\S+|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\b(?:pbkdf2_\w+|scrypt|md5)\$\S+"), MASK),
    (re.compile(rf"(?<!{_LOCAL}){_LOCAL}+?(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), "[e-mail]"),
    # The first digit says who issues it; a number of milliseconds since 1970 begins with 1.
    (re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d){8,15}(?![\w-])"), _card),
)


class Redaction:
    """Masks values for the log. `own`: secrets of this process, masked wherever they stand."""

    def __init__(self, own: Collection[str] = ()) -> None:
        #: A short one would be found inside of ordinary words.
        known = sorted({secret for secret in own if len(secret) >= 12}, key=len, reverse=True)
        self._own = re.compile("|".join(map(re.escape, known))) if known else None
        #: Routes, methods and most messages are always the same few.
        self._remembered = lru_cache(1024)(self._masked)

    def text(self, text: str) -> str:
        """Return the text without what must not be read."""
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}… ({len(text)} characters)"
        return self._remembered(text) if len(text) <= 100 else self._masked(text)

    def _masked(self, text: str) -> str:
        if self._own:
            text = self._own.sub(MASK, text)
        for pattern, mask in LOOKS:
            text = pattern.sub(mask, text)
        return text

    def value(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """Return what JSON can hold of the value, masked. Never raises: what cannot be read is described instead."""
        if value is None or isinstance(value, bool):
            return value
        if is_secret_name(name):
            return MASK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float):
            if abs(value) < 10**11 and _fits_json(value):
                return value  # no card has so few digits
            shown = self.text(str(value))
            return value if shown == str(value) and _fits_json(value) else shown
        if depth < DEEPEST and isinstance(value, Mapping):
            members = list(value.items())[:MOST_MEMBERS]
            return {self.text(_said(key)): self.value(member, _said(key), depth + 1) for key, member in members}
        if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self.value(member, name, depth + 1) for member in list(value)[:MOST_MEMBERS]]
        return self.text(_said(value))


@lru_cache(1024)
def is_secret_name(name: str) -> bool:
    """Whether what goes under this name is masked unseen."""
    return bool(name and SECRET_NAME.search(name) and not HARMLESS_NAME.search(name))


def _fits_json(value: float) -> bool:
    return isinstance(value, int) or value - value == 0  # neither infinite nor not a number, for which JSON has no word


def _said(value: Any) -> str:
    try:
        return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    except Exception as failure:  # whatever somebody's __str__ does, the rest of the line is worth having
        return f"<{type(value).__name__} that cannot be shown: {type(failure).__name__}>"
