"""`GET /metrics` of the web: for Prometheus, and for nobody else.

    from METRICS_NETWORKS, straight ─► the page          through a proxy, or from elsewhere ─► the 404 of any other path

It stands before the check of the Host header and the redirect to HTTPS: Prometheus names an address, and speaks HTTP
inside. nginx answers the path with 404 itself; a proxy that forgot to would still add the header that closes it here.

Roadmap: observability/prometheus-and-grafana, security/security-misconfiguration
"""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.metrics import exposition

PATH = "/metrics"
#: Whoever sends one of these was forwarded, or wants us to believe it.
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")

GetResponse = Callable[[HttpRequest], HttpResponse]


class MetricsPageMiddleware:
    """Stands first: looks at metrics are no requests of the shop, and are not counted among them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Show the page to whoever may see it; pass every other request on."""
        if request.path_info == PATH and request.method == "GET" and may_look(request):
            return HttpResponse(exposition.page(), content_type=exposition.CONTENT_TYPE)
        return self.get_response(request)


def may_look(request: HttpRequest) -> bool:
    """Whether the request comes straight from one of METRICS_NETWORKS."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)
