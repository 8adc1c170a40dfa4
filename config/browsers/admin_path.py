"""Says before a deployment when the admin stands where every scanner looks first.

An address is no lock: what guards the admin are roles and a second factor. But at an address of its own it sees no
scans, so a request there is worth a look, and a proxy can close it to all but the office.

Roadmap: security/security-misconfiguration
"""

from typing import Any

from django.conf import settings
from django.core.checks import Warning

WELL_KNOWN = {"admin", "administrator", "backend", "manage", "staff", "wp-admin"}
HINT = "Set ADMIN_PATH to a path of your own, such as counter-7f3a/."


def stands_by_itself(app_configs: Any, **kwargs: Any) -> list[Warning]:
    """Warn of a path that everybody knows (`check --deploy`)."""
    known = settings.ADMIN_PATH.strip("/").lower() in WELL_KNOWN
    return [Warning(f"The admin stands at /{settings.ADMIN_PATH}.", hint=HINT, id="shop.W001")] if known else []
