"""Order numbers that can be read out on the telephone: 7KQ2-M4XD-9RTC.

Eleven random characters of Crockford's alphabet (no I, L, O, U) and a check character. Random, because a counter would
tell every buyer how much the shop sells; 55 bits, because two equal ones must never meet. Heard "oh" for zero or "el"
for one? `normalize` mends it, and the check character catches every single wrong letter before the database is asked.

Source of the alphabet: Douglas Crockford, "Base 32".

Roadmap: databases/keys
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISHEARD = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
LENGTH = 12


def new_number() -> str:
    """Return a fresh order number."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return _grouped(body + _check(body))


def normalize(spoken: str) -> str | None:
    """Return the number as it is stored, whatever the case, dashes and misheard letters; None if it cannot be one."""
    letters = spoken.upper().translate(MISHEARD).replace("-", "").replace(" ", "")
    if len(letters) != LENGTH or set(letters) - set(ALPHABET) or _check(letters[:-1]) != letters[-1]:
        return None
    return _grouped(letters)


def _check(body: str) -> str:
    """Weighted sum modulo 32 with odd weights: a single changed character always changes it."""
    return ALPHABET[sum((2 * place + 1) * ALPHABET.index(letter) for place, letter in enumerate(body)) % 32]


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + 4] for start in range(0, LENGTH, 4))
