"""The letters that buyers get. Each has a Message-ID made from its order, so a server that sees one twice can tell.

Exactly once, as far as SMTP allows: if the worker dies between the mail server's "250 accepted" and our next write,
nobody can know whether the mail left, and it is sent again with the same Message-ID. Losing it would be worse.

Roadmap: commerce/transactional-email, frameworks/template-engine
"""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts import trail
from orders.models import Order


def send_confirmation(order_id: int) -> None:
    """Tell the buyer what they bought, as text and as HTML. Raises what the mail server raises."""
    order = _order(order_id)
    _send(order, "confirmation", subject=f"Your order {order.number}", name=message_id(order))


def send_shipping_notice(order_id: int) -> None:
    """Tell the buyer who carries their parcel and under which number, as text and as HTML."""
    order = _order(order_id)
    _send(order, "shipped", subject=f"On its way: your order {order.number}", name=message_id(order, "shipped"))


def _order(order_id: int) -> Order:
    return Order.objects.with_details().select_related("buyer").get(pk=order_id)


def _send(order: Order, template: str, *, subject: str, name: str) -> None:
    if not order.buyer.is_active:  # the account was closed meanwhile; its address is not the buyer's any more
        return
    context = {"order": order, "site_url": settings.SITE_URL}
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"orders/mail/{template}.txt", context),
        to=[order.buyer.email],
        headers={"Message-ID": name} | trail.headers(),
    )
    mail.attach_alternative(render_to_string(f"orders/mail/{template}.html", context), "text/html")
    mail.send()


def lease() -> int:
    """Return for how many seconds a worker may hold a letter: longer than its task may run (`config/settings`)."""
    return settings.EMAIL_TIMEOUT + 8


def message_id(order: Order, about: str = "order") -> str:
    """Return the mail's name, the same however often it is sent."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return f"<{about}-{order.number}@{domain}>"
