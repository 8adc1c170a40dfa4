"""Where browsers say what a page tried that its content security policy forbids: one line in the log for each.

A report is a stranger's word: anybody can send one. So its size is bounded, what is sent of it to the log is a short
list of fields, cut, without what an address holds behind `?` and `#`, and never a sample of the script; a bucket of its
own keeps it from filling the disk.

Roadmap: security/security-headers, security/input-validation
"""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.parsers import ShallowJSONParser

logger = logging.getLogger(__name__)
LARGEST_BODY = 16_000  # bytes; a report has about one thousand, and browsers send some together
MOST_REPORTS = 20
LONGEST = 200  # characters of one field
#: Names in reports of report-uri (CSP 2), and those of the Reporting API (CSP 3).
FIELDS = {
    "document-uri": "page", "documentURL": "page",
    "effective-directive": "directive", "violated-directive": "directive", "effectiveDirective": "directive",
    "blocked-uri": "blocked", "blockedURL": "blocked",
    "source-file": "source", "sourceFile": "source",
    "line-number": "line", "lineNumber": "line",
}  # fmt: skip


class SingleReport(ShallowJSONParser):
    """What `report-uri` sends."""

    media_type = "application/csp-report"


class ManyReports(ShallowJSONParser):
    """What `report-to` sends."""

    media_type = "application/reports+json"


class Reports(APIView):
    """Takes reports from anybody, and answers nothing."""

    authentication_classes = permission_classes = ()
    parser_classes = [SingleReport, ManyReports]
    buckets = {"POST": "report"}
    most_bytes = LARGEST_BODY
    schema = None  # for browsers, not for clients

    def post(self, request: Request) -> Response:
        """Write down what is in it."""
        for report in reports_in(request.data):
            logger.warning("content security policy violated: %s", report)
        return Response(status=status.HTTP_204_NO_CONTENT)


def reports_in(sent: Any) -> Iterator[dict[str, str]]:
    """Return the reports of either form; raises ValidationError for what is none."""
    bodies = [sent.get("csp-report")] if isinstance(sent, dict) else sent
    if not isinstance(bodies, list) or len(bodies) > MOST_REPORTS:
        raise ValidationError("This is no report.")
    for entry in bodies:
        body = entry.get("body", entry) if isinstance(entry, dict) else None
        if not isinstance(body, dict):
            raise ValidationError("This is no report.")
        yield {FIELDS[name]: _short(value) for name, value in body.items() if name in FIELDS}


def _short(value: object) -> str:
    """Cut the value, and of an address what may be secret."""
    text = str(value)[: 10 * LONGEST]
    try:
        text = urlsplit(text)._replace(query="", fragment="").geturl()
    except ValueError:
        text = "no address"
    return text[:LONGEST]
