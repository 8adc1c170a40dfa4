"""The version of a row: a digest of what stands in it, so any change by anybody, in any way, makes another one.

A counter would have to be counted up by whoever writes, the admin and psql included; a time of change is the same for
two changes of one moment. That a row which was changed back has its old version again does no harm: the editor sees
what they saw.

Refuses: a write over a row that is no longer what the writer read (ChangedMeanwhile).

Roadmap: databases/acid
"""

import json
from typing import Any

from django.db.models import Model
from django.utils.crypto import salted_hmac

from accounts.errors import ChangedMeanwhile

#: Hexadecimal digits of a digest. Nobody gains by making two alike, so 64 bits do.
LENGTH = 16
#: The versions of which the writer has seen one; None: they mean to write over whatever is there.
Expected = frozenset[str] | None


def version_of(row: Model) -> str:
    """Return the version of the row as it was read. Columns that PostgreSQL makes out of others do not count."""
    columns = [field for field in row._meta.concrete_fields if not field.generated]
    return digest([field.value_to_string(row) for field in columns])


def require(expected: Expected, row: Model) -> None:
    """Raise ChangedMeanwhile unless the row is as its writer saw it. Only true for a row that the caller has locked."""
    if expected is not None and version_of(row) not in expected:
        raise ChangedMeanwhile


def digest(values: Any) -> str:
    """Return what differs where the values differ. Keyed, since a row also holds what the reader of its tag may not see
    (what a product costs the house): without the key they could try all amounts until one gives that tag.
    """
    text = json.dumps(values, sort_keys=True, default=str)
    return salted_hmac("accounts.preconditions", text, algorithm="sha256").hexdigest()[:LENGTH]
