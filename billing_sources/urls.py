"""Addresses of billing_sources."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
