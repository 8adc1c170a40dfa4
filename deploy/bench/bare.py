"""The floor with no middleware at all, and the fewest settings that Django takes.

Roadmap: testing/load-and-stress-tests
"""

import os

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="the floor signs nothing",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    # Connections stay open for as long as their thread lives: the cheapest way there is.
    DATABASES={"default": {**environ.Env.db_url_config(os.environ["DATABASE_URL"]), "CONN_MAX_AGE": None}},
)

from deploy.bench.floor import answer, buy  # noqa: E402 - Django's modules want settings first


def ready(request: HttpRequest) -> HttpResponse:
    return answer({"status": "ready"}, 200)


urlpatterns = [path("bench/buy/", buy), path("healthz/ready", ready)]
application = get_wsgi_application()
