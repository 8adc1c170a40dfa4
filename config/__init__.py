"""The wiring: settings, URLs, the Celery application, errors as problems, health.

May import every other app; only entry points (`manage.py`, WSGI, Celery, test settings) import it.
Start reading at `config/urls.py` (where a request enters) and `config/problems.py` (how every error leaves).
"""

from config.celery import app as celery_app

__all__ = ["celery_app"]
