"""Somebody of the cast with a browser: types into forms, follows links, and shows a code where one is asked for.

Roadmap: foundations/http-clients
"""

import re
from time import time

import httpx

from deploy.local.code import code

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Browser:
    """Logged in as somebody behind the counter. `page` is what it shows now."""

    def __init__(self, url: str, name: str, *, to: str = "/account/") -> None:
        """Log in and go to a page. Each code works once: what somebody showed in this half minute is not good again."""
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False)
        self.page = self.http.get("/account/log-in/", params={"next": to})
        self.fill(email=f"{name}@example.com", password=f"{name}-shows-the-shop", next=to)
        for steps in (-1, 0, 1):
            if self.page.url.path == "/account/code/":
                self.fill(code=code(name, now=time(), steps=steps), next=to)

    def fill(self, **fields: str) -> httpx.Response:
        """Fill in the form of the page and send it."""
        found = TOKEN.search(self.page.text)
        assert found, self.page.text
        self.page = self.http.post(self.page.url, data=fields | {"csrfmiddlewaretoken": found[1]})
        return self.page

    def close(self) -> None:
        """Close the window."""
        self.http.close()
