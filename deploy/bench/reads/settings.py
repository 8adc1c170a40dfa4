"""The shop's settings, with the views of `reference.py` in place of its own: the same middleware, server and database.

Roadmap: testing/load-and-stress-tests
"""

from config.settings.base import *  # noqa: F403 - as in production.py

ROOT_URLCONF = "deploy.bench.reads.reference"
# As bare as DRF can be: nobody logs in, nothing is counted, JSON is the only form.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
