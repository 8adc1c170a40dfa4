"""How bad an error is. The whole table, with what is logged at each level and who is to do what, is `docs/logging.md`.

    INFO      an answer that we were made to give: a card is declined, a code is wrong
    WARNING   something went wrong and the shop coped: a retry, a neighbour away, one request that waited for a lock
    ERROR     one request or message was lost to a fault, and somebody must look
    CRITICAL  the shop as a whole cannot do its work: the database is gone

Roadmap: observability/log-levels
"""

import logging

from django.db import Error


def level_of(failure: Exception) -> int:
    """Return the level of a refusal by PostgreSQL: CRITICAL if it is gone, WARNING if it only refused one statement.

    SQLSTATE classes 08 and 57P: no connection, or the server is going down. A client that never got a connection has no
    SQLSTATE at all. What is left ran into one of our own timeouts (55P03, 57014, 25P03): one buyer waits, others buy.
    """
    if not isinstance(failure, Error):
        return logging.ERROR
    state = getattr(failure.__cause__, "sqlstate", None)
    return logging.CRITICAL if state is None or state.startswith(("08", "57P")) else logging.WARNING
