"""Before a view of the catalogue: what everybody may see is answered from the cache, and the view asked only for more.

    who says who they are, writes, or names a version to write over ─► the view
    everybody else ─► cache ─► hit:  counted against the caller's address as the view would, then the kept bytes
                               miss: the view answers as it always does, and its answer is kept

Views need not know: what they answer to nobody in particular is taken whole, and a 304 is made here. Two requests share
an answer only if host, path, query and accepted form are the same, letter by letter, for links in the answer repeat
them; `?page_size=2&fields=sku` and `?fields=sku&page_size=2` are two entries, which costs a query and mixes up nothing.
A parameter that a list does not have is refused by the view, and refusals are not kept. Nor are searches, since each is
another.

Whoever asks for what is refused anyway (a search, a form that is no JSON) reaches the view and pays as before.

Roadmap: caching/cache-aside, caching/cdn
"""

from collections.abc import Callable
from functools import partial, wraps
from hashlib import blake2b
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from accounts.errors import TooManyRequests
from accounts.preconditions.headers import coded, is_known
from accounts.preconditions.versions import LENGTH
from accounts.throttling.rest import count, guest
from shop.cache.aside import Found, catalogue
from shop.cache.entries import Made
from shop.cache.kinds import KINDS
from shop.views.freshness import RULES, VARY

#: How clients ask for JSON and nothing better: none at all, curl, fetch, axios. All others are heard by the view.
PLAIN = {"", "*/*", "application/json", "application/json, text/plain, */*"}
#: Letters of a query that is kept. Longer ones are made by hand, one of each.
LONGEST = 400
#: What is kept of a view's header fields. `RateLimit` is one caller's, and no `Set-Cookie` may ever be kept.
KEPT = ("Content-Type", "ETag", "Link", "Vary", "Allow", "Cache-Control")
#: What a 304 repeats (RFC 9110, 15.4.5), and what this caller has left.
KEPT_OF_304 = ("ETag", "Vary", "Cache-Control", "RateLimit", "RateLimit-Policy")
SAFE = ("GET", "HEAD")
#: What `Cache-Status` says of each way in which an answer was found (`shop/cache/aside.py`).
CAME = {
    "memory": "hit; detail=memory", "redis": "hit; detail=redis", "stale": "hit; ttl=-1",
    "awaited": "fwd=miss; collapsed",
}  # fmt: skip


class Fronted(GenericAPIView[Any]):
    """A view of which the public answers are kept: `kind` is a row of `shop.cache.kinds.KINDS` and of `RULES`."""

    kind: str
    #: The versions that the answer depends on; a view of one thing names that thing while it answers.
    shown: tuple[str, ...] = ()
    #: Set for a request of which it is known that there is nothing: refused as the view itself would, without a query.
    is_absent = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Put the cache before the view; the function still says which class it leads to."""
        view: Any = super().as_view(**initkwargs)
        absent: Any = super().as_view(is_absent=True)

        @wraps(view)
        def front(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not is_public(request):
                return view(request, *args, **kwargs)
            return Asking(cls.kind, request, partial(view, request, *args, **kwargs)).answer(
                partial(absent, request, *args, **kwargs)
            )

        return front

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count and check as ever before it is said that there is nothing."""
        super().initial(request, *args, **kwargs)
        if self.is_absent:
            raise Http404

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        """Tell the cache what the answer depends on."""
        response: Any = super().finalize_response(*args, **kwargs)
        response.shown = self.shown or KINDS[self.kind].names
        return response


class Asking:
    """One public request on its way through the cache."""

    def __init__(self, kind: str, request: HttpRequest, ask: Callable[[], Any]) -> None:
        self.kind, self.request, self.ask = kind, request, ask
        self.own: Any = None

    def answer(self, refuse: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Return the kept answer, or the view's."""
        found = catalogue.answer(self.kind, key_of(self.request), self.make) if is_kept(self.request) else None
        if self.own is None and found is None:
            self.make()
        if self.own is not None:
            return self.as_known(self.own, "fwd=miss; stored" if found and found.entry else "fwd=bypass")
        assert found is not None
        if found.entry.status == 404:
            return refuse()
        return self.give(found)

    def make(self) -> Made | None:
        """Have the view answer, whole, and return what can be kept of it."""
        self.request.is_wanted_whole = True  # type: ignore[attr-defined] # see `accounts.preconditions.headers`
        self.own = self.ask()
        if self.own.status_code == 404:
            return Made(404, b"", {}, self.own.shown)
        if self.own.status_code != 200:
            return None
        publish(self.own.render(), self.kind)
        headers = {name: self.own[name] for name in KEPT if name in self.own}
        return Made(200, self.own.content, headers, self.own.shown)

    def give(self, found: Found) -> HttpResponseBase:
        """Count the request, then answer; who has had too much is refused by the view, which finds the same."""
        told: dict[str, str] = {}
        try:
            count(guest(self.request), {"address": 1}, told)
        except TooManyRequests:
            return self.ask()
        entry, headers = found.entry, {**found.entry.headers, **told}
        response: Any = self.as_known(HttpResponse(entry.body, headers=headers), CAME[found.result])
        if response.status_code == 200 and entry.packed and takes_gzip(self.request):
            response.content = entry.packed
            response["Content-Encoding"], response["ETag"] = "gzip", coded(response["ETag"])
        return response

    def as_known(self, response: Any, came: str) -> HttpResponseBase:
        """Leave out the body if the caller has it, and say where the answer came from (RFC 9211)."""
        if response.status_code == 200 and is_known(self.request, response["ETag"]):
            headers = {name: response[name] for name in KEPT_OF_304 if name in response}
            response = HttpResponseNotModified(headers=headers)
        response["Cache-Status"] = f"shop; {came}"
        return response


def is_public(request: HttpRequest) -> bool:
    """Whether it reads, says nothing of who sends it, and asks for no version of its own."""
    meta = request.META
    return request.method in SAFE and "HTTP_AUTHORIZATION" not in meta and "HTTP_IF_MATCH" not in meta


def is_kept(request: HttpRequest) -> bool:
    """Whether others may well ask the same."""
    query = request.META.get("QUERY_STRING", "")
    return request.META.get("HTTP_ACCEPT", "") in PLAIN and len(query) <= LONGEST and "search=" not in query


def key_of(request: HttpRequest) -> str:
    """Return what is the same for two requests only if their answers are."""
    address = f"{request.scheme}://{request.get_host()}{request.path}?{request.META.get('QUERY_STRING', '')}"
    return blake2b(address.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def takes_gzip(request: HttpRequest) -> bool:
    """Whether it says so plainly; where it weighs forms against each other, `config.middleware.GZip` decides."""
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return "gzip" in accepted and ";" not in accepted


def publish(response: Any, kind: str) -> None:
    """Say who may keep the answer, and under which tag."""
    if "ETag" not in response:
        response["ETag"] = f'"{blake2b(response.content, digest_size=LENGTH // 2).hexdigest()}"'
    response["Cache-Control"] = str(RULES[kind])
    patch_vary_headers(response, VARY)
