"""Where the figures of `table.py` come from: the settings, the modules, and the files of what stands around the shop.

A file that is not there, such as nginx's on a developer's machine, makes a figure None.

Roadmap: security/dos-protection, workflow/configuration-management
"""

import re

from django.conf import settings

from orders import gateways

NGINX, PROCFILE = settings.BASE_DIR / "deploy" / "nginx", settings.BASE_DIR / "Procfile"
CLIENT = settings.BASE_DIR / "deploy" / "demo" / "shopper.py"


def database(option: str) -> float:
    """Milliseconds of the options that PostgreSQL is sent with each connection, in seconds."""
    options = settings.DATABASES["default"]["OPTIONS"]["options"]
    return int(re.findall(rf"-c {option}=(\d+)", options)[0]) / 1000


def connect() -> float:
    """What a connection waits for PostgreSQL to answer."""
    return float(settings.DATABASES["default"]["OPTIONS"]["connect_timeout"])


def client() -> float:
    """The patience of a client of ours."""
    return float(re.findall(r"timeout: float = ([0-9.]+)", CLIENT.read_text("utf-8"))[0])


def server(option: str) -> float | None:
    """An option of the application server, in seconds."""
    found = re.search(rf"^web:.*--{option} (\d+)", PROCFILE.read_text("utf-8"), re.MULTILINE)
    return int(found[1]) / (1000 if option.startswith("http1") else 1) if found else None


def nginx(directive: str) -> float | None:
    """The shortest that any file of nginx says, in seconds."""
    said = "\n".join(file.read_text("utf-8") for file in sorted(NGINX.rglob("*.conf*")))
    times = re.findall(rf"^\s*{directive} +(\d+)(ms|s|m)?\s*;", said, re.MULTILINE)
    return min((int(number) * {"ms": 0.001, "m": 60}.get(unit, 1) for number, unit in times), default=None)


def one_attempt() -> float:
    """What `orders.gateways` gives one of its attempts."""
    return (settings.PAYMENT_DEADLINE.total_seconds() - gateways.LONGEST_PAUSE) / gateways.ATTEMPTS


def purchase() -> float:
    """The longest purchase that ends well: a connection, the provider, a last statement; commits take milliseconds."""
    return settings.POOL_TIMEOUT + settings.PAYMENT_DEADLINE.total_seconds() + database("statement_timeout")


def letter() -> float:
    """The limit of the task that speaks to the mail server."""
    return float(settings.CELERY_TASK_ANNOTATIONS["orders.tasks.deliver_mail"]["time_limit"])
