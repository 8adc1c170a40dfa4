"""What browsers and the caches in between may keep of a public answer, in one table.

    route         browser                            CDN, nginx                      how old an answer can be there
    catalogue     asks again each time, by ETag      5 seconds, 5 more while asking  11 s with the second of our own
    picture       for ever: its bytes never change   for ever

What is not in the table is kept by nobody: `config.middleware.PrivateAnswersMiddleware` says `no-store` for the API.
Nor is what is in it where a caller says who they are: their links differ, business customers see other prices, and
staff what others do not (`shop/visibility/`). `Vary` says so to the caches: an answer to nobody in particular is given
to nobody else.

These seconds hold while the shop answers. When no web process does, nginx gives the last answer that it has, however
old (deploy/nginx/shop.conf), and says `X-Cache: STALE`. Nothing can be bought then.

No browser keeps a price: a page that was open yesterday asks, and gets a 304 of two hundred bytes if nothing changed.

Roadmap: caching/cdn, caching/cache-layers
"""

from collections.abc import Mapping
from typing import NamedTuple

#: Beside what the view itself names, such as Accept.
VARY = ("Authorization", "Accept-Encoding")


class Rule(NamedTuple):
    """Seconds in a browser, in a shared cache, and there while the next one is fetched."""

    browser: int
    shared: int
    stale: int = 0
    is_for_ever: bool = False

    def __str__(self) -> str:
        """Write it as Cache-Control has it (RFC 9111; RFC 5861 for the last, RFC 8246 for what is immutable)."""
        if self.is_for_ever:
            return f"public, max-age={self.browser}, immutable"
        return f"public, max-age={self.browser}, s-maxage={self.shared}, stale-while-revalidate={self.stale}"


YEAR = 31_536_000
CATALOGUE = Rule(browser=0, shared=5, stale=5)
RULES: Mapping[str, Rule] = {
    "products": CATALOGUE,
    "product": CATALOGUE,
    "categories": CATALOGUE,
    "category": CATALOGUE,
    "picture": Rule(browser=YEAR, shared=YEAR, is_for_ever=True),
}
