"""Every address of the portal."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("portal.pages.urls")),
    path("", include("portal.impersonation.urls")),
    path("", include("billing_sources.urls")),
    path("", include("payments.urls")),
    path("", include("remittance.urls")),
    path("account/", include("allauth.urls")),
]
