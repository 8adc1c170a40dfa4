"""`/graphql/`: one document in, one answer out.

    text or name ─► parse ─► small, affordable? ─► paid? ─► valid? ─► run: resolvers on a loop, queries on this thread

A document that cannot be run is a 400 with `errors`; one that was run is a 200, and what went wrong in it stands in
`errors` beside the `data` that there is. Each error carries in `extensions` the problem that REST would answer with.

Refuses: batches, mutations with GET, members of the body that GraphQL does not know, and with GRAPHQL_KNOWN_ONLY every
document that is not in `docs/api/graphql/`.

Roadmap: api/graphql-server-libraries, api/graphql-queries-and-mutations
"""

import json
import logging
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import JsonResponse
from graphene.utils.str_converters import to_camel_case
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
    specified_rules,
)
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.serializers.strict import RequestSerializer
from accounts.throttling.rest import caller_of, count
from config import problems
from config.graphql import documents
from config.graphql.limits import require_affordable
from config.graphql.schema import Query, schema
from orders.views.carts import cart_owner
from shop.schema.loading import Context

logger = logging.getLogger(__name__)
#: A text is read letter by letter, so each of its letters costs; the longest honest one that we know has 1,600.
LONGEST_TEXT = 8_000
#: Bytes: a text and its variables. The largest honest request, an address to send to, has one thousand.
LARGEST_BODY = 50_000
#: Letters of a message: graphql-core quotes what it was sent, however much that is.
LONGEST_MESSAGE = 500
#: Seconds that anybody may keep an answer about the catalogue, asked with GET.
FRESH = 30


Pay = Callable[[Mapping[str, int]], None]
PRIVATE = {"Cache-Control": "no-store"}


class QuestionSerializer(RequestSerializer):
    """What GraphQL over HTTP sends; `id` names a document that we know."""

    query = serializers.CharField(max_length=LONGEST_TEXT, required=False, trim_whitespace=False)
    id = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)
    variables = serializers.DictField(required=False, allow_null=True, default=dict)
    operationName = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)  # noqa: N815
    extensions = serializers.DictField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the text of a known document; raise ValidationError unless there is exactly one to run."""
        if ("query" in attrs) == ("id" in attrs):
            raise serializers.ValidationError("Send either `query` or `id`.")
        known = documents.known()
        if "query" in attrs and settings.GRAPHQL_KNOWN_ONLY and documents.name_of(attrs["query"]) not in known:
            raise serializers.ValidationError({"query": ["Only known documents are run here; send the `id` of one."]})
        text = attrs.get("query") or known.get(attrs["id"])
        if text is None:
            raise serializers.ValidationError({"id": ["There is no such document."]})
        return attrs | {"query": text}


class GraphQL(APIView):
    """The endpoint. Guests may ask; each field asks for itself who may."""

    permission_classes = [AllowAny]  # the fields of the roots have their own: shop/schema/guards.py
    schema = None  # no REST resource
    keeps_body = True  # what was asked for is the answer

    def get(self, request: Request) -> JsonResponse:
        """Run a query, and let anybody keep an answer that is the same for everybody."""
        asked = request.query_params.dict()
        try:
            variables = json.loads(asked.pop("variables", "{}"))
        except (ValueError, RecursionError):
            raise serializers.ValidationError({"variables": ["This is no JSON."]}) from None
        return self.answer(request, asked | {"variables": variables})

    def post(self, request: Request) -> JsonResponse:
        """Run a query or a mutation."""
        if len(request.body) > LARGEST_BODY:
            raise RequestDataTooBig
        return self.answer(request, request.data)

    def answer(self, request: Request, asked: Any) -> JsonResponse:
        """Run what was asked and say how it went."""
        question = QuestionSerializer().run_validation(asked)
        cart_token: dict[str, str] = {}
        owner = cart_owner(request, cart_token)
        context, is_read = Context(request, owner), request.method == "GET"
        result, is_public = run(question, context, is_read=is_read, pay=self.pay)
        said: dict[str, Any] = {"errors": [self.explain(error) for error in result.errors]} if result.errors else {}
        was_run = result.data is not None or any(error.path for error in result.errors or ())
        said |= {"data": result.data} if was_run else {}
        is_same_for_all = is_public and not result.errors and "Authorization" not in request.headers
        self.headers |= {"Cache-Control": f"public, max-age={FRESH}"} if is_same_for_all else PRIVATE | cart_token
        self.headers["Vary"] = "Authorization"  # a business customer sees other prices
        return JsonResponse(said, status=200 if was_run else 400)

    def pay(self, takes: Mapping[str, int]) -> None:
        """Take from the caller's buckets what the document costs, before it is run; raises TooManyRequests."""
        count(caller_of(self.request), takes, self.headers)

    def explain(self, error: GraphQLError) -> dict[str, Any]:
        """Return the error as GraphQL wants it, with our problem in `extensions`."""
        cause = error.original_error
        if isinstance(cause, GraphQLError) or (cause is None and not error.path):
            cause = error  # the document's own fault, a variable's for example
        elif cause is None:
            cause = RuntimeError(error.message)  # a resolver broke a promise of the schema: a fault of ours
        problem = problems.problem_of(cause)
        if problem.status == 500:
            logger.error("in %s: %s", error.path, error, exc_info=cause)
        body = problems.body(problem, cause, self.request.path)
        body["detail"] = body["detail"][:LONGEST_MESSAGE]
        for wrong in body.get("errors", []):
            wrong["pointer"] = to_camel_case(wrong["pointer"])  # the document spells its arguments so
        place = {key: value for key, value in error.formatted.items() if key in {"path", "locations"}}
        return {"message": body["detail"], **place, "extensions": body}


def run(question: dict[str, Any], context: Context, *, is_read: bool, pay: Pay) -> tuple[ExecutionResult, bool]:
    """Run the document once it is paid for; return how it went, and whether the answer is the same for everybody."""
    variables = question["variables"] or {}
    try:
        document = documents.read(question["query"])
    except (GraphQLError, RecursionError) as wrong:
        return ExecutionResult(None, [_syntax(wrong)]), False
    pay(require_affordable(document, variables))
    operation = get_operation_ast(document, question["operationName"])
    if is_read and operation and operation.operation != OperationType.QUERY:
        raise MethodNotAllowed("GET", "Send mutations with POST.")
    try:
        documents.require_valid(question["query"], _rules())
    except documents.Invalid as invalid:
        return ExecutionResult(None, invalid.faults), False
    result = async_to_sync(_execute)(document, context, variables, question["operationName"])
    return result, is_read and operation is not None and is_public(operation)


async def _execute(
    document: DocumentNode, context: Context, variables: dict[str, Any], operation_name: str | None
) -> ExecutionResult:
    result = execute(
        schema.graphql_schema, document, context_value=context, variable_values=variables, operation_name=operation_name
    )
    return await result if isawaitable(result) else result


def _rules() -> tuple[Any, ...]:
    return (*specified_rules, *([] if settings.GRAPHQL_INTROSPECTION else [NoSchemaIntrospectionCustomRule]))


def _syntax(wrong: Exception) -> GraphQLError:
    return wrong if isinstance(wrong, GraphQLError) else GraphQLError("The document is nested too deeply.")


def is_public(operation: OperationDefinitionNode) -> bool:
    """True if only fields of the catalogue are asked for; a fragment at the root is not looked into."""
    return all(
        isinstance(node, FieldNode) and _scope(node) == "catalog:read" for node in operation.selection_set.selections
    )


def _scope(node: FieldNode) -> str:
    return getattr(getattr(Query, f"resolve_{node.name.value}", None), "guards", ("",))[0]
