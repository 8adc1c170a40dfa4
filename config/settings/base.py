"""What every process of the shop shares; complete enough to run it on your own machine.

Only the environment is read (see `config/env.py`). Nothing here starts a server or opens a connection.

Roadmap: frameworks/django, workflow/configuration-management
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from config import caches, env, queues
from config.logs.settings import LOGGING  # noqa: F401 - read by Django
from config.settings import faults
from config.settings.openapi import SPECTACULAR_SETTINGS  # noqa: F401 - read by drf-spectacular
from config.settings.versions import API_ENDINGS, API_VERSIONS  # noqa: F401 - the endings by config.versions
from config.storages import STORAGES  # noqa: F401 - read by Django

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = env.flag("DEBUG")
ALLOWED_HOSTS = env.text("ALLOWED_HOSTS").split(",")
TRUSTED_PROXIES = int(env.number("TRUSTED_PROXIES", most=10))
ADMIN_PATH = env.place("ADMIN_PATH")
MAINTENANCE, MAINTENANCE_FILE = env.flag("MAINTENANCE"), env.text("MAINTENANCE_FILE")
BLOCKED_ADDRESSES = env.networks("BLOCKED_ADDRESSES")
SITE_URL = env.text("SITE_URL").rstrip("/")

INSTALLED_APPS = [
    "oauth2_provider",  # before accounts, whose admin takes its tables out of sight
    "accounts",
    "shop",
    "orders",
    "config",
    "rest_framework",
    "rest_framework_simplejwt",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "graphene_django",
    "pgtrigger",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
]
MIDDLEWARE = [
    "config.metrics.page.MetricsPageMiddleware",
    "config.middleware.RequestIdMiddleware",  # before all that may log
    "config.metrics.requests.RequestMetricsMiddleware",
    "config.logs.requests.RequestLineMiddleware",
    "config.middleware.ClientAddressMiddleware",
    "config.browsers.headers.BrowserHeadersMiddleware",  # before all that may answer by itself
    "config.doors.BlockedAddressesMiddleware",  # behind who the caller is, before all that costs something
    "config.doors.MaintenanceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.GZip",
    "config.middleware.PrivateAnswersMiddleware",
    "config.versions.EndingMiddleware",
    "config.middleware.BodyLimitMiddleware",
    "config.middleware.DatabaseDownMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.representations.preferences.PreferMiddleware",  # before the length of the answer is told
    "config.browsers.origins.OwnFormsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.LoginMiddleware",
    "accounts.middleware.LazyMessageMiddleware",
    "accounts.middleware.StaffAreaMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes of one request; the largest honest one, a webhook, has some thousands
ROOT_URLCONF, WSGI_APPLICATION = "config.urls", "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# One engine everywhere. The three timeouts are the last line of defence: whoever waits longer gets a clear 503,
# nobody queues behind a lock for ever, and a stuck transaction cannot hold one. Milliseconds.
DATABASES = {"default": env.read.db_url_config(env.text("DATABASE_URL"))}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # after a restart of PostgreSQL no request meets a dead connection
DATABASES["default"]["OPTIONS"] = {
    "options": "-c lock_timeout=3000 -c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000",
    "connect_timeout": 3,
    "application_name": "shop",
    # Parameters travel beside the statement, and one that comes again is kept prepared by the connection: PostgreSQL
    # plans the purchase's long statements once, not every time. A pooler in between must know prepared statements.
    "server_side_binding": True,
    "prepare_threshold": 5,
}
POOL_TIMEOUT = 5  # seconds that a request waits for a free one
if pool_size := int(env.number("DATABASE_POOL_SIZE")):
    # Opening a connection costs 2 ms, a purchase about 3: keep them. Workers x pool must stay below max_connections.
    # A lost connection is given up after two seconds instead of being sought with ever longer pauses: the next request
    # asks anew, so the shop sells at once when PostgreSQL returns. Only who waits for a failing attempt gets a 503.
    pool = {"min_size": 1, "max_size": pool_size, "timeout": POOL_TIMEOUT, "reconnect_timeout": 2}
    DATABASES["default"]["OPTIONS"]["pool"] = pool
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60  # seconds
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The purchase opens its own two short transactions; one for the whole request would span the charge.
DATABASES["default"]["ATOMIC_REQUESTS"] = False

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "accounts.passwords.Argon2Hasher",  # makes all new hashes; those below are only verified, and made anew at a login
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# RFC 9106's second choice, for servers that do more than log people in; docs/decisions/0010-passwords.md has figures.
ARGON2 = {
    "time_cost": int(env.number("ARGON2_TIME_COST", most=100)),
    "memory_cost": int(env.number("ARGON2_MEMORY_KIB", most=4_194_304)),
    "parallelism": int(env.number("ARGON2_PARALLELISM", most=64)),
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "accounts.passwords.NotTooLong"},
    {"NAME": "accounts.passwords.NotCommonAtHeart"},
    {"NAME": "accounts.passwords.NotOfThisHouse"},
    {"NAME": "accounts.passwords.NotUsedBefore"},
]
PASSWORD_HOUSE_WORDS = ["roadmap", "shop", "password", "passwort", "welcome"]

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
CSRF_FAILURE_VIEW = "config.views.forged"
LOGIN_URL = "page-log-in"
LOGIN_REDIRECT_URL = "page-account"
# A browser that nobody touches for half an hour is logged out, and every one after twelve hours (OWASP ASVS 7.3).
PAGES_IDLE_AFTER = timedelta(minutes=30)
PAGES_END_AFTER = timedelta(hours=12)
PAGES_NOTE_USE_EVERY = timedelta(minutes=1)  # more often, every page would be a write

LANGUAGE_CODE, TIME_ZONE = "en", "UTC"
USE_TZ, USE_I18N = True, False

STATIC_URL, STATIC_ROOT = "static/", VAR_DIR / "static"
MEDIA_URL, MEDIA_ROOT = "media/", env.text("UPLOADS_DIR") or VAR_DIR / "uploads"
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o640, 0o750  # for the shop alone
# Locally static files come straight from the packages, looked up when asked for; production collects them.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.ApiKeyAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.rest.Throttle"],
    # Public views say so out loud, and open to programs is what names a scope.
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.permissions.WithinScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "URL_FORMAT_OVERRIDE": None,  # the form of an answer is asked for in Accept, and nowhere else
    "DEFAULT_PARSER_CLASSES": ["config.parsers.ShallowJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["shop.filters.KnownParameters"],
    "DEFAULT_PAGINATION_CLASS": "shop.pages.Pages",
    # One table of routes under each version; `shop/money/shapes.py` is all that they differ in.
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "DEFAULT_VERSION": next(iter(API_VERSIONS)),
    "ALLOWED_VERSIONS": list(API_VERSIONS),
    "DEFAULT_SCHEMA_CLASS": "config.openapi.operations.ProblemSchema",
    "EXCEPTION_HANDLER": "config.problems.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,  # a price as a JSON number would be a float in most clients
}
LOGINS_END_AFTER = timedelta(days=90)  # of an API client, however often it comes (OWASP ASVS 7.3.2)
SIMPLE_JWT: dict[str, Any] = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ISSUER": SITE_URL,
    "AUDIENCE": f"{SITE_URL}/api/",
    "USER_ID_CLAIM": "sub",
    "AUTH_TOKEN_CLASSES": ["accounts.tokens.AccessToken"],
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.Application"
OAUTH2_PROVIDER: dict[str, Any] = {
    "APPLICATION_ADMIN_CLASS": "accounts.oauth.admin.ApplicationAdmin",
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": SITE_URL,
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RP_INITIATED_LOGOUT_DELETE_TOKENS": False,  # of every program; ours ends the one that asks
    "OAUTH2_VALIDATOR_CLASS": "accounts.oauth.validator.Validator",
    "OAUTH2_BACKEND_CLASS": "accounts.oauth.validator.OneAtATime",
    "SCOPES_BACKEND_CLASS": "accounts.oauth.validator.Scopes",
    "ACCESS_TOKEN_GENERATOR": "accounts.oauth.access.issue",
    # Said aloud: where it is not, the access token's generator makes the refresh token, too.
    "REFRESH_TOKEN_GENERATOR": "oauthlib.oauth2.rfc6749.tokens.random_token_generator",
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "ID_TOKEN_EXPIRE_SECONDS": 600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": timedelta(days=30),
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],  # production: https
    # RFC 9700: no implicit grant, no passwords, PKCE by S256 alone, tokens in headers alone and kept as checksums.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}
SOCIAL_ISSUER = env.text("SOCIAL_ISSUER").rstrip("/")
SOCIAL_CLIENT_ID = env.text("SOCIAL_CLIENT_ID")
SOCIAL_CLIENT_SECRET = env.text("SOCIAL_CLIENT_SECRET")
SOCIAL_LABEL = env.text("SOCIAL_LABEL")
GRAPHQL_INTROSPECTION = env.flag("GRAPHQL_INTROSPECTION")
GRAPHQL_KNOWN_ONLY = env.flag("GRAPHQL_KNOWN_ONLY")
GRAPHIQL = True  # the page at /graphql/ui/; production has none
GRAPHENE = {"SCHEMA": "config.graphql.schema.schema"}
GRPC_HOST, GRPC_PORT = env.text("GRPC_HOST"), int(env.number("GRPC_PORT", most=65535))
GRPC_CERTIFICATE, GRPC_PRIVATE_KEY = env.text("GRPC_CERTIFICATE"), env.text("GRPC_PRIVATE_KEY")

METRICS_NETWORKS = env.networks("METRICS_NETWORKS")
METRICS_HOST, METRICS_PORT = env.text("METRICS_HOST"), int(env.number("METRICS_PORT", most=65535))
METRICS_SERVER = "config.metrics.server.start"  # the relay knows it by this name; the import would go leftwards

REDIS_URL = env.text("REDIS_URL")
RATE_LIMITS = env.limits("RATE_LIMITS")
CACHES = caches.at(REDIS_URL)
CATALOGUE_CACHE = env.choice("CATALOGUE_CACHE", ("memory", "redis", "off"))
SESSION_STORE = env.choice("SESSION_STORE", caches.SESSION_STORES)
SESSION_ENGINE, SESSION_CACHE_ALIAS = caches.SESSION_STORES[SESSION_STORE]
SESSION_COOKIE_AGE = int(PAGES_END_AFTER.total_seconds())
DEVICE_COOKIE_NAME = "device"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or REDIS_URL.rsplit("/", 1)[0] + "/1"
CELERY_BROKER_TRANSPORT = queues.transport(CELERY_BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = queues.transport_options(CELERY_BROKER_URL)
CELERY_TASK_QUEUES = queues.declared(CELERY_BROKER_URL)
CELERY_TASK_DEFAULT_QUEUE = "shop"
CELERY_TASK_ROUTES = queues.ROUTES
CELERY_BEAT_SCHEDULE = queues.BEAT_SCHEDULE
CELERY_TASK_TIME_LIMIT = queues.TASK_TIME_LIMIT
CELERY_TASK_ACKS_LATE = True  # acknowledge after the work: a killed worker loses nothing
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # a worker holds only what it works on; the rest stays for the others
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is away comes back; so do we
CELERY_TASK_IGNORE_RESULT = True  # what a task did stands in the database
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"  # locally a mail is a file to look at
EMAIL_FILE_PATH = VAR_DIR / "mail"
email_url = env.text("EMAIL_URL")
if email_url.startswith("filemail://"):
    EMAIL_FILE_PATH = Path(email_url.removeprefix("filemail://"))
elif email_url:
    vars().update(env.read.email_url_config(email_url))
# Who hangs up on a mail server that still looks through a letter sends it again, and the buyer gets every copy.
EMAIL_TIMEOUT = int(env.number("MAIL_TIMEOUT_SECONDS"))
CELERY_TASK_ANNOTATIONS = {"orders.tasks.deliver_mail": {"time_limit": EMAIL_TIMEOUT + 5}}
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM")
OUTBOX = "orders.outbox.post"  # who writes letters in accounts/ knows it by this name; the import would go leftwards

PAYMENT_API_KEY, PAYMENT_API_BASE = env.text("PAYMENT_API_KEY"), env.text("PAYMENT_API_BASE")
PAYMENT_WEBHOOK_SECRET = env.text("PAYMENT_WEBHOOK_SECRET")
# A second request with the same key, the breaker and the worker's time limits count on an answer before ten seconds.
PAYMENT_DEADLINE = timedelta(seconds=env.number("PAYMENT_DEADLINE_SECONDS", most=9))
WEBHOOKS_TO_LOOPBACK = env.flag("WEBHOOKS_TO_LOOPBACK")
RESERVATION_TIME = timedelta(seconds=env.number("RESERVATION_SECONDS"))
LOW_STOCK_BELOW = int(env.number("LOW_STOCK_BELOW", most=1_000_000))
RECONCILE_AFTER = timedelta(seconds=env.number("RECONCILE_AFTER_SECONDS"))

faults.refuse_contradictions(vars())
faults.settle()
