"""What the document says of one operation: what drf-spectacular finds, its problems, its examples, who may ask.

A view lists the errors of its own in `problems`; those that any request can meet are added here from the same table
that answers them, so that the document cannot promise less than the code does. Examples were played (`examples.py`).

Roadmap: api/openapi-documentation
"""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from rest_framework import exceptions as rest
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated

from accounts.errors import (
    AddressNotAllowed,
    ChangedMeanwhile,
    InsufficientScope,
    InvalidApiKey,
    TooManyRequests,
    VersionNotNamed,
)
from accounts.permissions import Staffed, WithinScope, scope_of
from accounts.preconditions.headers import ETAG, IF_MATCH, IF_NONE_MATCH, Versioned
from accounts.representations.compound import Compound
from accounts.representations.preferences import WRITES, is_heard
from accounts.serializers.strict import RequestSerializer, TextField
from config.openapi import choices, samples
from config.openapi.examples import Example, in_version, of_operation
from config.openapi.versions import announce_ending
from config.problems import CONTENT_TYPE, PROBLEMS, Problem
from config.versions import ending_of
from shop.money.shapes import Priced
from shop.spreadsheets import TableRenderer

#: One character that Python's strip() leaves: it takes away a few control characters that JavaScript's \s does not.
NOT_BLANK = r"[^\s\u001c-\u001f\u0085]"


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One thing to change in the request."""

    pointer = serializers.CharField(help_text="JSON pointer into the body, or # and the name of a query parameter.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457. Some types carry more members; `docs/problems.md` lists them."""

    type = serializers.CharField(help_text="Names the kind of problem; open it in a browser.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened this time, in words for the shopper.")
    instance = serializers.CharField(help_text="The path that was asked for.")
    request_id = serializers.CharField(help_text="The log has everything under this id.")
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment] # a member of RFC 9457


class ProblemSchema(AutoSchema):
    """Adds the problems of each operation to its responses."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation with one response for each status that a problem of it has."""
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        operation["summary"] = operation.get("description", "").partition(".")[0]
        self._say_who_may_ask(operation)
        _say_tables(operation)
        if self.method in WRITES and is_heard(self.view):
            choices.forget_preferences(operation)
        for status, answer in operation["responses"].items():
            if answer["description"] in {"", "No response body"}:
                answer["description"] = f"{HTTPStatus(int(status)).phrase}."
        self._add_problems(operation)
        for example in of_operation(operation["operationId"]):
            _illustrate(operation, in_version(example, self.version))
        if ending_of(self.version):
            announce_ending(operation)
        return operation

    @property
    def version(self) -> str:
        """Of the API that the document describes."""
        return str(self.view.request.version)

    def _say_who_may_ask(self, operation: dict[str, Any]) -> None:
        """What a program needs; what names no scope is for people alone, unless nobody is asked for who they are."""
        if self.view.get_authenticators():
            scope = scope_of(self.view, self.method)
            words = f"A program needs the scope `{scope}`." if scope else "No program may, whatever it was given."
            operation["description"] += f"\n\n{words}"

    def _add_problems(self, operation: dict[str, Any]) -> None:
        reference_to_shape = self.resolve_serializer(ProblemSerializer(), "response").ref
        by_status: dict[int, list[Problem]] = {}
        for error in self._errors(operation):
            by_status.setdefault(PROBLEMS[error].status, []).append(PROBLEMS[error])
        for status, problems in sorted(by_status.items()):
            titles = "; ".join(dict.fromkeys(f"{problem.title} (`{problem.slug}`)" for problem in problems))
            examples = {problem.slug: samples.reference(problem.slug) for problem in problems}
            operation["responses"][str(status)] = {
                "description": titles,
                "content": {CONTENT_TYPE: {"schema": reference_to_shape, "examples": examples}},
            }
        if isinstance(self.view, Versioned) and self.method == "GET":
            operation["responses"]["304"] = {"description": "It is as you have it."}

    def get_auth(self) -> list[dict[str, Any]]:
        """Say that nobody need log in to read what only staff write."""
        return [*super().get_auth(), *([{}] if self._is_open() else [])]

    def get_override_parameters(self) -> list[Any]:
        """Say what a view of one thing that several people edit sends, and is to be sent."""
        told = [*super().get_override_parameters(), *choices.parameters_of(self.view, self.method)]
        if not isinstance(self.view, Versioned):
            return told
        return told + {"GET": [ETAG, IF_NONE_MATCH], "PATCH": [ETAG, IF_MATCH]}.get(self.method, [IF_MATCH])

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> dict[str, Any]:
        """Say that a text must hold more than blanks, which DRF strips before it looks."""
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if type(field) in {serializers.CharField, TextField} and direction == "request" and not field.allow_blank:
            return schema | ({"pattern": NOT_BLANK} if field.trim_whitespace else {})
        return schema

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        """Say that a body may have no further members; show money as this version has it.

        A serializer makes its members once, so one that another document was made of is of another version.
        """
        serializer = type(serializer)() if isinstance(serializer, Priced) else serializer
        schema = super()._map_basic_serializer(serializer, direction)
        is_strict = direction == "request" and isinstance(serializer, RequestSerializer)
        return schema | ({"additionalProperties": False} if is_strict else {})

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> tuple[Any, bool]:
        """Say how many rows a list may have, and that a text must be sent as well."""
        schema, is_required = super()._get_request_for_media_type(serializer, direction)
        if isinstance(serializer, serializers.ListSerializer):
            bounds: Any = serializer  # which the stubs do not know
            schema |= {"minItems": bounds.min_length, "maxItems": bounds.max_length}
        return schema, is_required or serializer is OpenApiTypes.STR

    def _errors(self, operation: dict[str, Any]) -> list[type[Exception]]:
        """The view's own errors when it writes, and those that any request of its kind can meet."""
        errors: list[type[Exception]] = [rest.NotAcceptable, OperationalError]
        writes = self.method in {"POST", "PUT", "PATCH", "DELETE"}
        if writes:
            errors += getattr(self.view, "problems", ())
        if "requestBody" in operation:
            errors += [rest.ValidationError, rest.ParseError, RequestDataTooBig, rest.UnsupportedMediaType]
        if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
            errors.append(rest.ValidationError)
        if "{" in self.path:
            errors.append(rest.NotFound)
        if isinstance(self.view, Compound) and self.method == "GET":
            errors += [rest.NotAuthenticated, rest.PermissionDenied]  # by the view of what is to come along
        if isinstance(self.view, Versioned):
            errors += [ChangedMeanwhile, *([] if self.method == "GET" else [VersionNotNamed])]
        if self.view.get_authenticators():
            errors += [rest.AuthenticationFailed, InsufficientScope]
        permissions = {type(permission) for permission in self.view.get_permissions()}
        if AllowAny not in permissions and not self._is_open():
            errors.append(rest.NotAuthenticated)
        if scope_of(self.view, self.method):
            errors += [InvalidApiKey, AddressNotAllowed]
        if self.view.get_throttles():
            errors.append(TooManyRequests)
        if permissions - {AllowAny, IsAuthenticated, WithinScope} and not self._is_open():
            errors.append(rest.PermissionDenied)
        return errors

    def _is_open(self) -> bool:
        """Whether everybody may read what only staff write."""
        asked = self.view.get_permissions()
        return any(isinstance(permission, Staffed) and permission.is_open(self.method) for permission in asked)


def _say_tables(operation: dict[str, Any]) -> None:
    """A table is text to the document; drf-spectacular gives every form of an answer the shape of its JSON."""
    for answer in operation["responses"].values():
        if table := answer.get("content", {}).get(TableRenderer.media_type):
            table["schema"] = {"type": "string", "description": "The flat members of each row, under their names."}


def _illustrate(operation: dict[str, Any], example: Example) -> None:
    """Put an example where its parts belong. A request that is refused for its shape is no model for others."""
    answer = operation["responses"][str(example.status)]
    if example.answer is not None:
        for shown in _but_tables(answer["content"]):
            shown.setdefault("examples", {})[example.name] = {"summary": example.summary, "value": example.answer}
    if example.status == 400:
        return
    if example.body is not None and "requestBody" in operation:
        for asked in _but_tables(operation["requestBody"]["content"]):
            asked.setdefault("examples", {})[example.name] = {"summary": example.summary, "value": example.body}
    sent = {**example.path, **example.query, **example.headers}
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in sent:
            parameter.setdefault("example", sent[parameter["name"]])


def _but_tables(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The forms that an example, which is JSON, is an example of."""
    return [described for form, described in content.items() if form != TableRenderer.media_type]
