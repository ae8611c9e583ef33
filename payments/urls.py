"""The pages of paying: nouns with opaque codes; a change is a POST to a noun."""

from __future__ import annotations

from django.urls import URLPattern, path

from payments import group_views, invoice_views, selection_views

urlpatterns: list[URLPattern] = [
    path("search/", invoice_views.search, name="search"),
    path("invoices/", invoice_views.invoice_list, name="invoices"),
    path("invoices/filter/", invoice_views.invoice_filter, name="invoice_filter"),
    path("invoices/export.csv", invoice_views.invoices_csv, name="invoices_csv"),
    path("invoices/export.xlsx", invoice_views.invoices_xlsx, name="invoices_xlsx"),
    path("invoices/selection/", selection_views.selection, name="invoice_selection"),
    path("invoices/selection/tags/", selection_views.tags, name="selection_tags"),
    path("invoices/selection/groups/", selection_views.groups, name="selection_groups"),
    path("invoices/selection/pay-runs/", selection_views.pay_runs, name="selection_pay_runs"),
    path("invoices/<uuid:code>/", invoice_views.invoice_detail, name="invoice"),
    path("groups/", group_views.group_list, name="groups"),
    path("groups/<uuid:code>/", group_views.group_detail, name="group"),
    path("groups/<uuid:code>/removals/", group_views.group_removals, name="group_removals"),
]
