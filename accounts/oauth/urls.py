"""Where clients find the provider. The library looks its own addresses up under the name of its app.

Roadmap: frameworks/routing
"""

from django.urls import path

from accounts.views import oauth

app_name = "oauth2_provider"
urlpatterns = [
    path(".well-known/openid-configuration", oauth.metadata, name="openid-configuration"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-server-metadata"),
    path("oauth/authorize/", oauth.Authorize.as_view(), name="authorize"),
    path("oauth/token/", oauth.Token.as_view(), name="token"),
    path("oauth/revoke/", oauth.Revoke.as_view(), name="revoke-token"),
    path("oauth/introspect/", oauth.Introspect.as_view(), name="introspect"),
    path("oauth/userinfo/", oauth.UserInfo.as_view(), name="user-info"),
    path("oauth/logout/", oauth.LogOut.as_view(), name="rp-initiated-logout"),
]
