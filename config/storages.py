"""Where files are kept: static ones with the packages that bring them, pictures wherever the environment says.

Roadmap: commerce/image-upload, workflow/twelve-factor
"""

from typing import Any

from config import env

#: `default` has the pictures; on several servers it is an object storage. Production keeps static files otherwise.
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": env.text("UPLOADS_STORAGE"), "OPTIONS": env.members("UPLOADS_OPTIONS")},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
