"""Addresses of billing_sources: the carrier engineer's pages, and the customer's about accounts."""

from __future__ import annotations

from django.urls import URLPattern, path

from billing_sources.account_tree import views as account_tree_views
from billing_sources.completeness import views as completeness_views
from billing_sources.staff import (
    bill_views,
    bulk_link_views,
    coverage_views,
    held_views,
    link_views,
    term_views,
    views,
)

urlpatterns: list[URLPattern] = [
    path("carrier/cycles/", views.bill_cycles, name="bill_cycles"),
    path("carrier/cycles/<slug:system>/import/", views.import_now, name="import_now"),
    path("bills/", completeness_views.bills_expected, name="bills_expected"),
    path("accounts/<uuid:code>/", account_tree_views.tree_node, name="tree_node"),
    path("carrier/cycles/<slug:system>/absent/", completeness_views.accounts_absent, name="accounts_absent"),
    path("carrier/coverage/", coverage_views.coverage, name="coverage"),
    path("carrier/coverage/<slug:system>/", coverage_views.system_stages, name="system_stages"),
    path("carrier/coverage/<slug:system>/cycles/", coverage_views.system_cycles, name="system_cycles"),
    path("carrier/runs/", views.import_runs, name="import_runs"),
    path("carrier/runs/<uuid:code>/", views.import_run, name="import_run"),
    path("carrier/files/<uuid:code>/", views.import_file, name="import_file"),
    path("carrier/files/<uuid:code>/replay/", views.file_replay, name="file_replay"),
    path("carrier/files/<uuid:code>/discard/", views.file_discard, name="file_discard"),
    path("carrier/files/<uuid:code>/bills/", bill_views.file_bills, name="file_bills"),
    path("carrier/bills/<uuid:code>/", bill_views.carrier_bill, name="carrier_bill"),
    path(
        "carrier/bills/<uuid:code>/charges/<int:position>/record/",
        bill_views.carrier_charge_record,
        name="carrier_charge_record",
    ),
    path(
        "carrier/bills/<uuid:code>/taxes/<int:position>/record/",
        bill_views.carrier_tax_record,
        name="carrier_tax_record",
    ),
    path("carrier/quarantine/", held_views.quarantine, name="quarantine"),
    path("carrier/quarantine/release/", held_views.invoice_release, name="invoice_release"),
    path("carrier/quarantine/discard/", held_views.invoice_discard, name="invoice_discard"),
    path("carrier/quarantine/<uuid:code>/", held_views.held_invoice, name="held_invoice"),
    path("carrier/accounts/", link_views.account_links, name="account_links"),
    path("carrier/accounts/link/", link_views.account_link, name="account_link"),
    path("carrier/accounts/suggested/", bulk_link_views.suggested_links, name="suggested_links"),
    path("carrier/terms/", term_views.terms, name="terms"),
    path("carrier/terms/try/", term_views.term_rehearsal, name="term_rehearsal"),
    path("carrier/rehearsals/<uuid:code>/", term_views.rehearsal, name="rehearsal"),
    path("carrier/rehearsals/<uuid:code>/vocabulary/", term_views.vocabulary, name="vocabulary"),
]
