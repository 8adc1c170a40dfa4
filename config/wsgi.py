"""Where the application server enters: `granian --interface wsgi config.wsgi:application`.

Roadmap: deployment/wsgi-and-asgi
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

application = get_wsgi_application()
