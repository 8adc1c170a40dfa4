"""What a person does in a browser while two programs talk through it: logs in, reads the page, presses a button.

Roadmap: foundations/http-clients
"""

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import requests


class Browser:
    """Follows redirects within one shop; `left_for` is the address outside of it that the last answer led to."""

    def __init__(self, shop: str) -> None:
        self.http, self.host = requests.Session(), urlsplit(shop).netloc
        self.http.trust_env = False
        self.shop, self.page, self.at, self.left_for, self.status = shop, "", shop, "", 0

    def go(self, address: str) -> "Browser":
        """Open an address."""
        return self._follow("GET", address, {})

    def enter(self, address: str) -> "Browser":
        """Open an address of another shop, and stay there."""
        self.host = urlsplit(address).netloc
        return self.go(address)

    def press(self, button: str = "", to: str = "", **typed: str) -> "Browser":
        """Send the form of the page, with what was typed into it; `button` is the name of one that has a name."""
        hidden = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', self.page)
        form = {name: unescape(value) for name, value in hidden}
        return self._follow("POST", to or self.at, form | typed | ({button: "true"} if button else {}))

    def log_in(self, email: str, password: str) -> "Browser":
        """Fill in the login page that stands before us."""
        return self.press(email=email, password=password)

    def _follow(self, method: str, address: str, form: dict[str, str]) -> "Browser":
        answer = self.http.request(
            method, address, data=form, headers={"Referer": self.at}, allow_redirects=False, timeout=30
        )
        self.at, self.page, self.left_for, self.status = address, answer.text, "", answer.status_code
        if answer.is_redirect:
            following = urljoin(address, answer.headers["Location"])
            if urlsplit(following).netloc != self.host:
                self.left_for = following
                return self
            return self._follow("GET", following, {})
        return self
