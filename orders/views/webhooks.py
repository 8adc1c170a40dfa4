"""Where the payment provider tells us what happened: verified, stored once, answered at once, worked on later.

Roadmap: commerce/payment-gateway
"""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import figures, payments
from orders.errors import BadWebhook

SIGNATURE = OpenApiParameter("Stripe-Signature", str, OpenApiParameter.HEADER, required=True)


class Untouched(BaseParser):
    """Leave the body as it came: the signature covers its bytes."""

    media_type = "*/*"

    def parse(self, stream: object, media_type: str | None = None, parser_context: object = None) -> dict[str, object]:
        """Parse nothing."""
        return {}


class PaymentWebhook(APIView):
    """The provider's signed events."""

    permission_classes = [AllowAny]
    authentication_classes = []
    parser_classes = [Untouched]
    throttle_classes = []  # one address sends the answers about everybody's money
    problems = (BadWebhook,)

    @extend_schema(
        operation_id="receive_payment_event",
        request=None,
        responses={204: None},
        parameters=[SIGNATURE],
        tags=["webhooks"],
    )
    def post(self, request: Request) -> Response:
        """Take one event; a repetition is answered the same and changes nothing."""
        try:
            payments.receive_webhook(payload=request.body, signature=request.headers.get("Stripe-Signature", ""))
        except BadWebhook:
            figures.WEBHOOKS.labels("refused").inc()
            raise
        figures.WEBHOOKS.labels("accepted").inc()
        return Response(status=204)
