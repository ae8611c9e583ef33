"""Addresses of remittance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
