"""What every answer tells a browser, in one table, and the middleware that says it.

    EVERYWHERE      on every answer, files and errors included
    PROGRAMS        the content security policy of what is no page: JSON, pictures, scripts, refusals
    PAGES           that of our HTML; PLACES adds, with a reason each, what the pages of others cannot do without

A policy names no `unsafe-…`: a script or a style in a page runs because it comes from this host as a file, or because
it carries the nonce of this one answer (`{{ request.csp_nonce }}`). Strict-Transport-Security is Django's, and sent
over HTTPS alone (`config/settings/production.py`).

A page whose form ends at another site names that site's origin in `response.goes_on_to`, since browsers hold a
redirect after a form against `form-action`.

Roadmap: security/security-headers, security/xss
"""

from typing import Any

from csp.constants import HEADER, NONCE, NONE, SELF
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Policy = dict[str, list[Any]]
REPORTS = "/reports/csp/"

#: Features that no page of ours uses; where there is no script of a stranger this only limits what a hole is worth.
UNUSED = (
    "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer",
    "microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb",
)  # fmt: skip
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",  # a picture that is secretly a script stays a picture
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "same-origin",  # addresses hold order numbers; forms need to say that they come from here
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",  # whoever opened us holds no handle on our window
    "Cross-Origin-Resource-Policy": "same-origin",  # no page of another site has a browser load this
    "X-Permitted-Cross-Domain-Policies": "none",
}
#: Only pages load anything: each thing must come from here or say that it may be loaded.
OF_PAGES = {"Cross-Origin-Embedder-Policy": "require-corp", "Reporting-Endpoints": f'csp="{REPORTS}"'}
#: Pictures of products may stand in a letter, or in a storefront that lives elsewhere.
PICTURES = {"Cross-Origin-Resource-Policy": "cross-origin"}

PROGRAMS: Policy = {"default-src": [NONE], "base-uri": [NONE], "form-action": [NONE], "frame-ancestors": [NONE]}
PAGES: Policy = {
    **PROGRAMS,
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],  # the QR code of a second factor is never a file
    "connect-src": [SELF],
    "form-action": [SELF],
    "report-uri": [REPORTS],  # Firefox and Safari; the others read report-to
    "report-to": ["csp"],
}
#: What stands below these addresses is made by others, or sends its forms elsewhere.
PLACES: dict[str, Policy] = {
    "/api/redoc/": {"worker-src": ["blob:"]},  # searches in a thread whose code it holds as text
    "/graphql/ui/": {"font-src": [SELF, "data:"]},  # its style sheet holds its letters
    f"/{settings.ADMIN_PATH}": {"frame-src": [SELF]},
}
FOR_PROGRAMS = build_policy(PROGRAMS)


class BrowserHeadersMiddleware(CSPMiddleware):
    """Puts the table on every answer. Costs no random number where no page asks for its nonce."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say it, whatever the view has said: a library's page must not loosen what stands here."""
        is_page = response.get("Content-Type", "").startswith("text/html")
        shown = PICTURES if request.path_info.startswith("/media/") else {}
        for name, value in (EVERYWHERE | (OF_PAGES if is_page else shown)).items():
            response[name] = value
        if is_page:
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, FOR_PROGRAMS)
        return response

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Choose the policy of this page."""
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only:
            parts.config = policy_of(request.path_info, getattr(response, "goes_on_to", []))
        return parts


def policy_of(path: str, goes_on_to: list[str]) -> Policy:
    """Return what the page at this address may do; its forms may end at the given origins, too."""
    added = next((more for place, more in PLACES.items() if path.startswith(place)), {})
    if settings.SOCIAL_ISSUER and path.startswith("/account/"):  # its buttons lead to the provider
        goes_on_to = [*goes_on_to, "/".join(settings.SOCIAL_ISSUER.split("/")[:3])]
    return {**PAGES, "form-action": [*PAGES["form-action"], *goes_on_to], **added}
