"""The addresses of all rooms. Each room has its own urls.py; this file includes them."""

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from portal.views.language import choose
from portal.views.second_factor import passkeys, remove_passkey
from portal.views.style_guide import guide

# The operator signs in on the same page as all users, which limits attempts and asks for a second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# Packages offer these. Who writes there confirms an address or removes a second factor, and nobody is told.
admin.site.unregister([Group, EmailAddress, Authenticator])

urlpatterns = [
    path("", include("portal.urls")),
    path("", include("schools.urls")),
    path("", include("students.urls")),
    path("", include("capture.urls")),
    path("", include("billing.urls")),
    path("", include("proofing.urls")),
    path("", include("printing.urls")),
    path("", include("year_end.urls")),
    path("accounts/2fa/webauthn/", passkeys, name="mfa_list_webauthn"),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", remove_passkey, name="mfa_remove_webauthn"),
    path("accounts/", include("allauth.urls")),
    path("language/", choose, name="set_language"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("capture.api_urls")),
    path("api/v1/", include("students.api_urls")),
    path("api/v1/", include("billing.api_urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api_schema"),
]
if settings.IS_LOCAL:
    urlpatterns.append(path("guide/", guide))

handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
