"""What production changes: own secrets, HTTPS only, collected static files. A difference, never a copy.

Refuses to start with a default or missing secret, or with * in ALLOWED_HOSTS, naming the variable.

Roadmap: security/security-misconfiguration, security/secrets-management
"""

from urllib.parse import urlsplit

from django.http.request import validate_host

from config import env
from config.settings import faults

faults.begin()  # what is wrong here is told together with what is wrong there
from config.settings.base import *  # noqa: E402, F403 - a settings module is the one place where a star is honest

DEBUG = GRAPHIQL = False
SECRET_KEY = env.secret("SECRET_KEY")
PAYMENT_API_KEY = env.secret("PAYMENT_API_KEY")
PAYMENT_WEBHOOK_SECRET = env.secret("PAYMENT_WEBHOOK_SECRET")
env.secret("EMAIL_URL")  # without it every mail would be a file on this server, and nobody would notice
SITE_URL = env.stated("SITE_URL").rstrip("/")  # links in letters and the issuer of every token are made from it
env.stated("TRUSTED_PROXIES")  # wrong, everybody would share one address, or choose their own
if WEBHOOKS_TO_LOOPBACK:  # noqa: F405 - who may name an address would reach what listens on this server alone
    faults.refuse("WEBHOOKS_TO_LOOPBACK", "WEBHOOKS_TO_LOOPBACK must be false.")
if "*" in ALLOWED_HOSTS:  # noqa: F405 - a forged Host header would then stand in the links of our answers
    faults.refuse("ALLOWED_HOSTS", "ALLOWED_HOSTS must name the hosts of this shop, not *.")
elif not SITE_URL.startswith("https://") or not validate_host(urlsplit(SITE_URL).hostname or "", ALLOWED_HOSTS):  # noqa: F405
    faults.refuse("SITE_URL", "SITE_URL must be https:// and one of ALLOWED_HOSTS: the links in letters begin with it.")
if ARGON2["memory_cost"] < 19_456 or ARGON2["time_cost"] < 2 or not ARGON2["parallelism"]:  # noqa: F405 - OWASP's least
    weak = "ARGON2_MEMORY_KIB must be at least 19456, ARGON2_TIME_COST 2, ARGON2_PARALLELISM 1."
    faults.refuse("ARGON2_MEMORY_KIB", weak)

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]  # the orchestrator probes the process itself, in plain HTTP
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# A browser takes a cookie of such a name only with Secure, with Path=/ and without Domain: no other host can plant it.
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
DEVICE_COOKIE_NAME = "__Host-device"
if SESSION_STORE == "memory":  # noqa: F405 - each process would know other logins
    faults.refuse("SESSION_STORE", "SESSION_STORE must not be memory: web processes share no memory.")

OAUTH2_PROVIDER = {**OAUTH2_PROVIDER, "ALLOWED_REDIRECT_URI_SCHEMES": ["https"]}  # noqa: F405 - base's stays as it is

WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False
STORAGES = STORAGES | {  # noqa: F405 - base's uploads stay where they are
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
}

faults.settle()
