"""The pages around the API: the door, GraphiQL, what each kind of problem means, and errors outside of any view.

Roadmap: frameworks/mvc
"""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from config.problems import PROBLEMS, meaning, plain_response, problem_of
from config.versions import ending_of


def door(request: HttpRequest) -> HttpResponse:
    """Say what runs here and where to click next."""
    return render(request, "config/door.html", {"provider": settings.PAYMENT_API_BASE, "graphiql": settings.GRAPHIQL})


def graphiql(request: HttpRequest) -> HttpResponse:
    """Show GraphiQL, where documents are written with the schema beside them; production has no such page."""
    if not settings.GRAPHIQL:
        raise Http404
    return render(request, "config/graphiql.html")


def problem_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Explain one kind of problem: what its `type` links to."""
    found = [(error, problem) for error, problem in PROBLEMS.items() if problem.slug == slug]
    if not found:
        raise Http404
    error, problem = found[0]
    return render(request, "config/problem.html", {"problem": problem, "meaning": meaning(error)})


def versions(request: HttpRequest) -> HttpResponse:
    """Say how the versions of the REST API differ, and when the old one ends: where its Deprecation header leads."""
    endings = {version: ending_of(version) for version in settings.API_VERSIONS}
    return render(request, "config/versions.html", {"endings": endings})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that leads nowhere (Django's handler404)."""
    return _page(request, Http404(), "There is nothing at this address.") or plain_response(request, Http404())


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without our token (CSRF_FAILURE_VIEW)."""
    words = "This form was open too long, cookies are off, or another site has sent it. Go back, reload, and try again."
    return _page(request, PermissionDenied(), words) or plain_response(request, PermissionDenied(words))


def _page(request: HttpRequest, refusal: Exception, words: str) -> HttpResponse | None:
    """The refusal for people: a browser at a page of ours. Programs get the problem."""
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", ""):
        return None
    problem = problem_of(refusal)
    return render(request, "config/refusal.html", {"problem": problem, "words": words}, status=problem.status)


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer an exception that nobody expected (Django's handler500); the log has it under the same request id."""
    return plain_response(request, Exception())
