"""Users in the admin: found by address, passwords only through the hashing form.

Roadmap: auth/password-hashing, commerce/permission-based-visibility
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from oauth2_provider import models as oauth

from accounts import business, letters, passwords, security_events, tokens
from accounts.authentication import origin_of, person_of
from accounts.models import SecurityEvent, User

#: The library's own tables hold single tokens: nothing that anybody should make or change by hand.
for model in (oauth.AccessToken, oauth.Grant, oauth.IDToken, oauth.RefreshToken):
    admin.site.unregister(model)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """List and edit users."""

    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_business", "is_active", "joined_at")
    list_filter = (*UserAdmin.list_filter, "is_business")
    search_fields = ("email", "name")
    readonly_fields = ("is_business", "joined_at", "last_login")
    actions = ("end_logins", "approve_business", "withdraw_business")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        ("May", {"fields": ("is_active", "is_business", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("joined_at", "last_login")}),
    )
    # Who could write these would have every right: only a superuser may hand out what is above the roles.
    above_the_roles = ("is_superuser", "user_permissions")
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """An admin gives roles; more than the roles hold is given by a superuser."""
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *self.above_the_roles)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """What is about to be saved is locked and read once more, since Django's admin writes every column as it read
        it, and would write over what others wrote in between.
        """
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not connection.in_atomic_block:
            return found
        return self.get_queryset(request).select_for_update(no_key=True).filter(pk=found.pk).first()

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever could give a superuser a new password or address would be one. A closed account is nobody's: a form
        that was open before would bring it back.
        """
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        is_closed = obj is not None and obj.is_closed
        return not is_above and not is_closed and super().has_change_permission(request, obj)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """A password that somebody else has set ends the logins of its owner, who is told."""
        before = self.get_object(request, unquote(id))
        answer = super().user_change_password(request, id, form_url)
        user = before and User.objects.filter(pk=before.pk).exclude(password=before.password).first()
        if user:
            passwords.was_set(user, origin=origin_of(request))
        return answer

    @admin.action(description="End all logins of the selected users", permissions=["end_logins"])
    def end_logins(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Throw them out everywhere: browsers, API clients, programs. Who is above the roles is left to superusers."""
        for user in queryset if request.user.is_superuser else queryset.exclude(is_superuser=True):
            tokens.log_out_everywhere(user, origin=origin_of(request))
            self.log_change(request, user, "All logins ended.")

    def has_end_logins_permission(self, request: HttpRequest) -> bool:
        """Who may change a user may throw them out."""
        return self.has_change_permission(request)

    @admin.action(description="Approve the selected users as business customers", permissions=["approve_business"])
    def approve_business(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """They pay trade prices from now on. Who works here is left out, and so is who is one already."""
        self.turn(request, queryset, business.approve, "Approved as a business customer.")

    @admin.action(description="Withdraw the approval as business customers", permissions=["withdraw_business"])
    def withdraw_business(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """They pay what everybody pays from now on."""
        self.turn(request, queryset, business.withdraw, "No business customer any more.")

    def turn(self, request: HttpRequest, queryset: QuerySet[User], way: Callable[..., bool], words: str) -> None:
        """Go one way with each of them, and say with how many there was a way to go."""
        turned = [user for user in queryset if way(user, by=person_of(request), origin=origin_of(request))]
        for user in turned:
            self.log_change(request, user, words)
        self.message_user(request, f"{words} {len(turned)} of {len(queryset)}.", messages.SUCCESS)

    def has_approve_business_permission(self, request: HttpRequest) -> bool:
        """Managers; they need not be able to change a user for it."""
        return request.user.has_perm("accounts.approve_business")

    has_withdraw_business_permission = has_approve_business_permission

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Whoever is moved to another address hears of it at the old one, as if they had moved themselves."""
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            origin = origin_of(request)
            security_events.record(SecurityEvent.Kind.EMAIL_CHANGED, user=obj, origin=origin, by=request.user.pk)
            letters.post("email_changed_notice", to=form.initial["email"], origin=origin)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A change of roles is written down with who made it."""
        before = set(form.instance.groups.values_list("name", flat=True))
        super().save_related(request, form, formsets, change)
        after = set(form.instance.groups.values_list("name", flat=True))
        if before != after:
            facts = {"before": sorted(before), "after": sorted(after), "by": request.user.pk}
            kind = SecurityEvent.Kind.ROLE_CHANGED
            security_events.record(kind, user=form.instance, origin=origin_of(request), **facts)


@admin.register(SecurityEvent)
class SecurityEventAdmin(admin.ModelAdmin):
    """What happened to accounts, newest first; nobody writes it by hand."""

    list_display = ("at", "kind", "user", "address", "details")
    list_select_related = ("user",)
    list_filter = ("kind",)
    search_fields = ("user__email", "address")
    ordering = ("-id",)
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The shop writes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SecurityEvent | None = None) -> bool:
        """A trigger would refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SecurityEvent | None = None) -> bool:
        """A trigger would refuse."""
        return False
