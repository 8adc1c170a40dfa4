"""What an example shows in the place of what differs each time: ids, numbers, tokens, times.

On the way in a stand-in becomes the living value that the scene has for it, on the way out every value of its kind
becomes the stand-in again.
"""

import re
from typing import Any

ID = "9b2f6c1e-7d43-4a58-b1f0-2c8e5d7a9034"
ORDER = "7KQ2-M4XD-9RT0"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
LINK = "eyJ1c2VyIjoxfQ:bGluaw"
CODE = "492039"
MERCHANT = "https://merchant.example/webhooks"
SIGNATURE = "t=1767225600,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"
#: By what a text looks like, wherever it stands.
KINDS = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)": "2026-03-02T09:30:00Z",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": ID,
    r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b": ORDER,
    r"eyJ[\w-]+\.[\w-]+\.[\w-]+": TOKEN,
    r"\brsk_\w{8}\.\w{32}": "rsk_4Jv9QxTz.0YbqKpV3mWfA7sLh2RcE8nDgU5tZjX1i",
    r"\brsk_\w{8}\b": "rsk_4Jv9QxTz",
    r"cursor=[\w%=-]+": "cursor=W2ZhbHNlLCAiODkuMDAiLCAyXQ%3D%3D",
    r"\bin \d+ seconds": "in 300 seconds",
    r"https://localhost:8443/webhooks": MERCHANT,
    r"\bwhsec_[\w+/=]+": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    r"\bmsg_[0-9a-f]{32}\b": "msg_9b2f6c1e7d434a58b1f02c8e5d7a9034",
    "http://testserver": "https://shop.example",
}
#: By the name of the member that holds it, where the value could be anything.
MEMBERS: dict[str, Any] = {
    "request_id": "5f1c9d7e2b3a4c6d",
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "uri": "otpauth://totp/Roadmap%20Shop:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "qr_code": "data:image/svg+xml;charset=utf-8,%3Csvg/%3E",
    "recovery_codes": ["ONSWG4-TFOQQG-C3DPNZ-TSAYLT"] * 10,
}


def masked(value: Any, member: str = "") -> Any:
    """An answer with a stand-in for everything that differs each time."""
    if isinstance(value, dict):
        return {name: masked(inner, name) for name, inner in value.items()}
    if member in MEMBERS and not str(value).startswith("whsec_"):
        assert value
        assert type(value) is type(MEMBERS[member])
        return MEMBERS[member]
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, int) and member in {"id", "sequence_id"}:
        return 1042
    if isinstance(value, str):
        for kind, stand_in in KINDS.items():
            value = re.sub(kind, lambda _, stand_in=stand_in: stand_in, value)
    return value


def alive(value: Any, living: dict[str, str]) -> Any:
    """A question with the scene's own values in the place of stand-ins."""
    if isinstance(value, dict):
        return {name: alive(inner, living) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [alive(inner, living) for inner in value]
    return living.get(value, value) if isinstance(value, str) else value
