"""Who uses the browser that sends this request, and whether they may go behind the counter.

Roadmap: auth/user-authentication, auth/authorization-middleware-and-decorators
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.messages.storage import default_storage
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject, empty

from accounts import sessions
from accounts.models import User

#: Where the admin stands (`config/urls.py`), whatever the shop is mounted under.
COUNTER = f"/{settings.ADMIN_PATH}"


class LoginMiddleware(AuthenticationMiddleware):
    """Django's, and the login's row is asked as well. A request whose user nobody asks for costs nothing: the API's."""

    def process_request(self, request: HttpRequest) -> None:
        """Promise the user."""
        request.user = SimpleLazyObject(lambda: sessions.user_of(request))  # type: ignore[assignment]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Know the browser again in which somebody has just logged in, however they did."""
        if begun := getattr(request, "begun", None):
            sessions.remember_device(request, response, begun.user)
        return response


class LazyMessageMiddleware(MessageMiddleware):
    """Django's, and what keeps the messages is made when somebody says one or reads them: hardly ever in the API.

    The plain way makes it for every request, with a key to sign a cookie: 16 µs of processor time, now one.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Promise it."""
        request._messages = SimpleLazyObject(partial(default_storage, request))  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Keep what is still unread; nothing is, where nobody has looked."""
        kept = getattr(request, "_messages", None)
        is_untouched = isinstance(kept, SimpleLazyObject) and kept._wrapped is empty
        return response if is_untouched else super().process_response(request, response)


class StaffAreaMiddleware:
    """Close the admin to staff without a second factor: to look, shown at this login; to write, within 15 minutes.

    It stands before every page there, so that none can forget it; what a page asks beside that is the page's own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send whoever has not shown one to where it is asked for, or set up. The way out is open to everybody."""
        is_inside = request.path_info.startswith(COUNTER) and request.path != reverse("admin:logout")
        try:
            passes = not is_inside or self.may_pass(request)
        except OperationalError as failure:  # a 503, but only a view's exception becomes one: the page shall meet it
            request.user, passes = SimpleLazyObject(partial(_fail, failure)), True  # type: ignore[assignment]
        return self.get_response(request) if passes else redirect(asking("page-code", request.get_full_path()))

    def may_pass(self, request: HttpRequest) -> bool:
        """Ask no query of its own. Visitors and customers get the admin's no."""
        login = sessions.login_of(request)
        if login is None or not login.user.is_staff:
            return True
        if request.method in {"GET", "HEAD"}:
            return "otp" in login.methods
        if sessions.has_proved_lately(login, "otp"):
            return True
        messages.warning(request, "Nothing was changed: show your code first, and then do it again.")
        return False


def _fail(failure: OperationalError) -> User:
    raise failure


def asking(page: str, next_page: str) -> str:
    """Return the address of a page that leads back to where somebody wanted to go."""
    return f"{reverse(page)}?{urlencode({'next': next_page})}"
