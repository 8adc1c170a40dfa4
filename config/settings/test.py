"""What the tests change of the local settings: cheap password hashes, plain connections, mails kept in memory.

`production.py` is not in force here; `tests/config/test_env.py` starts it on its own.

Roadmap: testing/pytest
"""

import os

from accounts.throttling.table import chosen
from config.settings.base import *  # noqa: F403 - see production.py

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # 0.1 ms instead of 100; nothing here is secret
DATABASES["default"]["OPTIONS"].pop("pool", None)  # noqa: F405 - pytest-django closes connections, a pool would keep them
RATE_LIMITS = chosen("*=1000000/1")  # all tests come from one address; those about the limits set their own
CACHES["catalogue"]["KEY_PREFIX"] = f"catalogue-{os.getpid()}"  # noqa: F405 - tests run side by side share one Redis
WEBHOOKS_TO_LOOPBACK = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = STORAGES | {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}  # noqa: F405
