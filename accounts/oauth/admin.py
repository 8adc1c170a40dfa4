"""Clients in the admin: registered by hand, their secret shown once, never again.

Roadmap: auth/authorization-server
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import Application
from accounts.scopes import IDENTITY, SCOPES


class ApplicationForm(forms.ModelForm):
    """Scopes are ticked, not typed."""

    scopes = forms.MultipleChoiceField(
        choices=[(name, f"{name}: {says}") for name, says in (IDENTITY | SCOPES).items()],
        widget=forms.CheckboxSelectMultiple,
    )


class ApplicationAdmin(admin.ModelAdmin):
    """List, register and end clients. Whoever deletes one ends all that it was given."""

    form = ApplicationForm
    fields = (
        "name", "client_type", "authorization_grant_type", "redirect_uris", "post_logout_redirect_uris", "scopes",
        "is_resource_server", "client_id",
    )  # fmt: skip
    readonly_fields = ("client_id",)
    list_display = ("name", "client_id", "client_type", "authorization_grant_type", "created")
    search_fields = ("name", "client_id")
    actions = ("renew_secret",)

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:
        """A new client gets its secret here."""
        self.secret = obj.renew_secret() if not change else ""
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show it, in the answer itself: a message would travel in a cookie."""
        return self._show(request, obj, self.secret)

    @admin.action(description="Give a new secret to one client", permissions=["renew_secret"])
    def renew_secret(self, request: HttpRequest, queryset: QuerySet[Application]) -> HttpResponse | None:
        """The old one is good no longer; tokens that were given stay."""
        client = queryset.first()
        if client is None or queryset.count() != 1:
            self.message_user(request, "Choose one.", level="error")
            return None
        secret = client.renew_secret()
        client.save(update_fields=["client_secret"])
        return self._show(request, client, secret)

    def has_renew_secret_permission(self, request: HttpRequest) -> bool:
        """Who may change a client may give it a new secret."""
        return self.has_change_permission(request)

    def _show(self, request: HttpRequest, client: Application, secret: str) -> HttpResponse:
        facts = {"client": client, "secret": secret, "opts": self.opts}
        shown = {**self.admin_site.each_context(request), **facts}
        return TemplateResponse(request, "accounts/oauth/secret.html", shown, headers={"Cache-Control": "no-store"})
