"""The pages around the API: the door, what each kind of problem means, and errors outside of any view.

Roadmap: frameworks/mvc
"""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from config.problems import PROBLEMS, meaning, plain_response


def door(request: HttpRequest) -> HttpResponse:
    """Say what runs here and where to click next."""
    return render(request, "config/door.html", {"provider": settings.PAYMENT_API_BASE})


def problem_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Explain one kind of problem: what its `type` links to."""
    found = [(error, problem) for error, problem in PROBLEMS.items() if problem.slug == slug]
    if not found:
        raise Http404
    error, problem = found[0]
    return render(request, "config/problem.html", {"problem": problem, "meaning": meaning(error)})


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer a path that leads nowhere (Django's handler404)."""
    return plain_response(request, Http404())


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer an exception that nobody expected (Django's handler500); the log has it under the same request id."""
    return plain_response(request, Exception())
