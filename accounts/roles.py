"""Who may do what in this house: five roles, and the permissions that each carries.

A role is a Django group. `sync` makes the groups say what this table says, after every migration and every flush, so a
change here is a change in one place that shows in review, and again in `docs/access-matrix.md`. What a role cannot say,
such as "the buyer of this order", stands in the policies of the app (`orders/policies.py`).

Roadmap: auth/rbac
"""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Value
from django.db.models.functions import Concat

from accounts import security_events
from accounts.models import SecurityEvent

if TYPE_CHECKING:
    from accounts.models import User

SUPPORT = {
    "orders.view_order", "orders.view_payment", "orders.view_fulfilment", "orders.cancel_order", "orders.refund_order",
    "shop.view_review", "shop.hide_review",
}  # fmt: skip
WAREHOUSE = {
    "orders.view_order", "orders.view_fulfilment", "orders.fulfil_order",
    "shop.view_category", "shop.view_product", "shop.view_stock", "shop.change_stock",
    "shop.view_stockentry", "shop.view_reservation",
}  # fmt: skip
MANAGER = SUPPORT | WAREHOUSE | {
    "orders.refund_any_amount", "orders.view_outboxmessage", "orders.change_outboxmessage", "orders.view_webhookevent",
    "orders.view_webhooksubscription", "orders.change_webhooksubscription", "orders.view_webhookdelivery",
    "orders.change_webhookdelivery", "orders.view_stockimport",
    "orders.view_coupon", "orders.add_coupon", "orders.change_coupon",
    "shop.add_category", "shop.change_category", "shop.delete_category", "shop.add_product", "shop.change_product",
    "shop.add_switch", "shop.change_switch", "shop.view_switch", "accounts.view_user",
    "accounts.approve_business", "shop.view_product_cost",
}  # fmt: skip
ADMIN = MANAGER | {"accounts.add_user", "accounts.change_user", "accounts.view_securityevent",
    "accounts.add_application", "accounts.change_application", "accounts.delete_application",
    "accounts.view_application",
}  # fmt: skip

ROLES: dict[str, set[str]] = {
    "customer": set(), "support": SUPPORT, "warehouse": WAREHOUSE, "manager": MANAGER, "admin": ADMIN,
}  # fmt: skip


def sync(**_: Any) -> None:
    """Make the groups of these names carry these permissions and no others; raises KeyError for one that is none."""
    names = Concat("content_type__app_label", Value("."), "codename")
    known = {permission.name_: permission for permission in Permission.objects.annotate(name_=names)}
    for role, permissions in ROLES.items():
        group, _is_new = Group.objects.get_or_create(name=role)
        group.permissions.set([known[name] for name in sorted(permissions)])


def give(user: "User", role: str) -> None:
    """Make this the user's one role. Whoever has more than a customer's may enter the admin."""
    user.groups.set([Group.objects.get(name=role)])
    user.is_staff = bool(ROLES[role])
    user.save(update_fields=["is_staff"])
    security_events.record(SecurityEvent.Kind.ROLE_CHANGED, user=user, role=role)
