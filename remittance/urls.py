"""Addresses of what goes out on paper."""

from __future__ import annotations

from django.urls import path

from remittance import views

urlpatterns = [
    path("payments/<uuid:code>/slip.pdf", views.slip_pdf, name="slip_pdf"),
    path("payments/<uuid:code>/slip.xlsx", views.slip_xlsx, name="slip_xlsx"),
]
