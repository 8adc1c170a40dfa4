"""The versions of the REST API that are served, oldest first, and when the old ones end.

A version is taken out of both after its sunset, and no earlier: its clients were promised that date.

Roadmap: api/versioning
"""

from datetime import UTC, datetime

#: Each with the number of its document (`docs/api/`), which grows with what is added.
API_VERSIONS = {"v1": "1.0.0", "v2": "2.0.0"}
#: Since when a version is not to be used for anything new, and from when on it may be gone.
API_ENDINGS = {"v1": (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC))}
