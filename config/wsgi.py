"""Where the application server enters: `granian --interface wsgi config.wsgi:application`.

Roadmap: deployment/wsgi-and-asgi
"""

import os

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from config import tracing
from config.logs import errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")


class Request(WSGIRequest):
    """Reads every query and form as UTF-8. Django would take the charset of the Content-Type, and fail before any of
    our code runs when the caller names one that is not for text, such as zlib.
    """

    encoding = property(lambda self: None, lambda self, charset: None)


class Handler(WSGIHandler):
    """Django's, with our request."""

    request_class = Request


django.setup(set_prefix=False)
errors.begin("web")
tracing.begin("web")  # each worker of the server imports this module for itself; the handler reads the middleware next
application = Handler()
