"""The provider over HTTP: where a person agrees, and where programs get, ask about and give back tokens.

Errors are JSON of RFC 6749 (`{"error": "invalid_grant"}`), since every client's library reads those; where a browser
stands, they are a page. Refuses: characters that no database keeps (400).

Roadmap: auth/authorization-server, auth/openid-connect
"""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic.base import TemplateResponseMixin
from oauth2_provider import views
from oauth2_provider.exceptions import InvalidOIDCClientError
from oauth2_provider.forms import AllowForm
from oauth2_provider.oauth2_backends import _add_iss_to_redirect
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.common import Request as OAuthlibRequest

from accounts import sessions
from accounts.authentication import origin_of
from accounts.models import Application, User
from accounts.oauth import grants
from accounts.oauth import metadata as provider
from accounts.oauth.introspection import describe
from accounts.oauth.metadata import GRANTS

#: What is kept beside an authorization code, in characters.
LONGEST = {"nonce": 255, "code_challenge": 128}


class Printable(View):
    """What no request may hold: a NUL cannot be looked up, and a token in an address ends in every log on the way."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse it before anything is asked."""
        sent = [(name, value) for asked in (request.GET, request.POST) for name, value in asked.dict().items()]
        if "access_token" in request.GET or any(_is_unsound(name, value) for name, value in sent):
            return JsonResponse({"error": "invalid_request"}, status=400)
        return super().dispatch(request, *args, **kwargs)


def _is_unsound(name: str, value: str) -> bool:
    """Whether the database would not take it, or the library falls over it."""
    try:
        urlsplit(value if name == "resource" else "")
    except ValueError:
        return True
    return "\x00" in value or len(value) > LONGEST.get(name, len(value))


class LeadsBack(TemplateResponseMixin):
    """A page whose form ends at the program's own address, which browsers are told (`config/browsers/headers.py`)."""

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        """Name the origin of the address, which the library has checked."""
        answer = super().render_to_response(context, **options)
        back = urlsplit(context.get("redirect_uri") or context.get("post_logout_redirect_uri") or "")
        answer.goes_on_to = [f"{back.scheme}://{back.netloc}"] if back.netloc else []  # type: ignore[attr-defined]
        return answer


class ConsentForm(AllowForm):
    """What the page sends back; whoever changed it in between is asked again from the start.

    The library looks at neither, and would send whoever declines to any address that the form names.
    """

    def clean(self) -> dict[str, Any]:
        """The client must exist, and the address to go back to must be one of its own."""
        sent = dict(self.cleaned_data)
        client = Application.objects.filter(client_id=sent.get("client_id", "")).first()
        if client is None or not client.redirect_uri_allowed(sent.get("redirect_uri", "")):
            raise forms.ValidationError("There is no such client, or it did not ask.")
        return sent


@method_decorator(never_cache, name="dispatch")
class Authorize(LeadsBack, Printable, views.AuthorizationView):
    """Ask the person whether a program may act for them; the answer goes to the program by way of the browser."""

    template_name = "accounts/oauth/consent.html"
    form_class = ConsentForm

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        """Every answer says who gives it, refusals included (RFC 9207, 2); the library leaves it out of those."""
        return super().redirect(_add_iss_to_redirect(redirect_to, settings.SITE_URL), application)


@method_decorator(csrf_exempt, name="dispatch")
class Token(Printable, views.TokenView):
    """Exchange a code, a refresh token or the client's own secret for tokens."""

    is_for_programs = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nothing but our grants reaches the library: its password grant would say whether a password is right."""
        if request.POST.get("grant_type", GRANTS[0]) not in GRANTS:
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        answer = self.authorization_flow_token_response(request)
        answer["Content-Type"] = "application/json"
        return answer


@method_decorator(csrf_exempt, name="dispatch")
class Revoke(Printable, views.RevokeTokenView):
    """Give a token back (RFC 7009): it, and what was given with it, opens nothing from now on."""

    is_for_programs = True


@method_decorator(csrf_exempt, name="dispatch")
class UserInfo(Printable, views.UserInfoView):
    """Tell a client with the scope `openid` who the person is, as far as its scopes go."""

    is_for_programs = True


@method_decorator(csrf_exempt, name="dispatch")
class Introspect(Printable, OAuthLibMixin):
    """Tell a client what a token is good for (RFC 7662): its own, or any if it is registered as a resource server."""

    is_for_programs = True

    def post(self, request: HttpRequest) -> JsonResponse:
        """Ask; only a client that proves itself by its secret is answered."""
        client = self.client(request)
        if client is None:
            return JsonResponse({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})
        if "token" not in request.POST:
            return JsonResponse({"error": "invalid_request"}, status=400)
        return JsonResponse(describe(request.POST["token"], asked_by=client), headers={"Cache-Control": "no-store"})

    def client(self, request: HttpRequest) -> Application | None:
        """Return who asks."""
        core = self.get_oauthlib_core()
        asking = OAuthlibRequest(*core._extract_params(request))
        return asking.client if core.server.request_validator.authenticate_client(asking) else None


@method_decorator(never_cache, name="dispatch")
class LogOut(LeadsBack, Printable, views.RPInitiatedLogoutView):
    """Log the person out because a program of theirs asks for it (OpenID Connect RP-Initiated Logout). They confirm."""

    template_name = "accounts/oauth/log_out.html"

    def get_request_application(self, id_token: Any, client_id: str | None) -> Application | None:
        """Refuse a client that nobody knows; the library would fall over it."""
        known = super().get_request_application(id_token, None)
        if client_id and known is None:
            known = Application.objects.filter(client_id=client_id).first()
        if client_id and known is None:
            raise InvalidOIDCClientError
        return known

    def do_logout(self, application: Any = None, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the login of this browser, and what the program that asks may do for its person."""
        if application and isinstance(self.request.user, User):
            grants.revoke(self.request.user, application.client_id, origin=origin_of(self.request))
        sessions.end(self.request)
        return super().do_logout(application, *args, **kwargs)


@require_safe
@cache_control(public=True, max_age=300)
def metadata(request: HttpRequest) -> JsonResponse:
    """Say what the provider can do and where (OpenID Connect Discovery, RFC 8414)."""
    return JsonResponse(provider.document(), headers={"Access-Control-Allow-Origin": "*"})
