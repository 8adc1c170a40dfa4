"""Exceptions that nobody caught, sent to Sentry or whatever speaks its protocol, which counts the same fault once.

    begin("web") ─► SENTRY_DSN is empty ─► nothing: its SDK is not even imported
                 └► is set ─► reports.py: what is listened to, and what may leave

The log has each of them anyway (`docs/logging.md`), so nothing is lost where there is no Sentry, or where it is away.

Roadmap: observability/error-tracking
"""

from importlib import import_module

from config import env


def begin(role: str) -> None:
    """Report the faults of this process under that name if there is a SENTRY_DSN; one that is none is a ValueError.

    Web server and relay begin each for itself; a worker before it forks, since Celery makes ready what runs the tasks
    before a child can say anything. The thread that sends begins with the first report, in whichever process that is.
    """
    if env.text("SENTRY_DSN"):
        import_module("config.logs.reports").begin(role)  # not above: who reports nothing shall not pay for it
