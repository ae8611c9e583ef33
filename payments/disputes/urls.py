"""The addresses of disputes."""

from __future__ import annotations

from django.urls import URLPattern, path

from payments.disputes import desk_views, opening_views
from payments.disputes import views as dispute_views

dispute_urls: list[URLPattern] = [
    path("invoices/<uuid:code>/disputes/", opening_views.invoice_disputes, name="invoice_disputes"),
    path("disputes/", dispute_views.dispute_list, name="disputes"),
    path("disputes/new/", opening_views.dispute_selection, name="dispute_selection"),
    path("disputes/batch/", opening_views.dispute_batch, name="dispute_batch"),
    path("disputes/<uuid:code>/", dispute_views.dispute_detail, name="dispute"),
    path("disputes/<uuid:code>/replies/", dispute_views.dispute_replies, name="dispute_replies"),
    path("disputes/<uuid:code>/agreement/", dispute_views.dispute_agreement, name="dispute_agreement"),
    path("disputes/<uuid:code>/withdrawal/", dispute_views.dispute_withdrawal, name="dispute_withdrawal"),
    path("disputes/<uuid:code>/files/<uuid:file>/", dispute_views.dispute_file, name="dispute_file"),
    path("carrier/disputes/", desk_views.desk, name="desk"),
    path("carrier/disputes/<uuid:code>/", desk_views.desk_dispute, name="desk_dispute"),
    path("carrier/disputes/<uuid:code>/steps/", desk_views.desk_steps, name="desk_steps"),
    path("carrier/disputes/<uuid:code>/files/<uuid:file>/", desk_views.desk_file, name="desk_file"),
]
