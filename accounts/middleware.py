"""Who uses the browser that sends this request.

Roadmap: auth/user-authentication
"""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import sessions


class LoginMiddleware(AuthenticationMiddleware):
    """Django's, and the login's row is asked as well. A request whose user nobody asks for costs nothing: the API's."""

    def process_request(self, request: HttpRequest) -> None:
        """Promise the user."""
        request.user = SimpleLazyObject(lambda: sessions.user_of(request))  # type: ignore[assignment]
