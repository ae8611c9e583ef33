"""The pages of paying: nouns with opaque codes; a change is a POST to a noun."""

from __future__ import annotations

from django.urls import URLPattern, path

from payments.approvals import views as approval_pages
from payments.cells import views as cell_views
from payments.changes import views as change_views
from payments.disputes.urls import dispute_urls
from payments.eligibility import views as eligibility_views
from payments.exports import views as export_views
from payments.groups.urls import group_urls
from payments.invoices import arranging, filter_views, saved_views, selection_views
from payments.invoices import views as invoice_views
from payments.matching import views as paste_views
from payments.proposals import views as proposal_views
from payments.runs import allocation_views, approval_views
from payments.runs import views as run_views
from payments.tracking import break_views
from payments.tracking import views as payment_views
from payments.workbooks.urls import workbook_urls

urlpatterns: list[URLPattern] = [
    path("search/", invoice_views.search, name="search"),
    path("invoices/", invoice_views.invoice_list, name="invoices"),
    path("invoices/filter/", filter_views.invoice_filter, name="invoice_filter"),
    path("invoices/lists/", filter_views.invoice_lists, name="invoice_lists"),
    path("invoices/columns/", arranging.invoice_columns, name="invoice_columns"),
    path("invoices/views/", saved_views.invoice_views, name="invoice_views"),
    path("invoices/views/<uuid:code>/", saved_views.invoice_view, name="invoice_view"),
    path("invoices/export.csv", invoice_views.invoices_csv, name="invoices_csv"),
    path("invoices/export.xlsx", invoice_views.invoices_xlsx, name="invoices_xlsx"),
    path("invoices/selection/", selection_views.selection, name="invoice_selection"),
    path("invoices/selection/tags/", selection_views.tags, name="selection_tags"),
    path("invoices/selection/groups/", selection_views.groups, name="selection_groups"),
    path("invoices/selection/pay-runs/", selection_views.pay_runs, name="selection_pay_runs"),
    path("exports/", export_views.exports, name="exports"),
    path("exports/<uuid:code>/", export_views.export, name="export"),
    path("exports/<uuid:code>/file/", export_views.export_file, name="export_file"),
    path("invoices/changes/", change_views.invoice_changes, name="invoice_changes"),
    path("invoices/changes/<uuid:code>/", change_views.invoice_change, name="invoice_change"),
    path("invoices/changes/<uuid:code>/undoing/", change_views.invoice_change_undo, name="invoice_change_undo"),
    path("invoices/tag-names/", cell_views.tag_names_offered, name="tag_names"),
    path("invoices/<uuid:code>/", invoice_views.invoice_detail, name="invoice"),
    path("invoices/<uuid:code>/usage/<int:charge>/", invoice_views.invoice_usage, name="invoice_usage"),
    path("invoices/<uuid:code>/charges/<int:position>/record/", invoice_views.charge_record, name="charge_record"),
    path("invoices/<uuid:code>/taxes/<int:position>/record/", invoice_views.tax_record, name="tax_record"),
    path("invoices/<uuid:code>/cells/", cell_views.invoice_cells, name="invoice_cells"),
    *group_urls,
    *dispute_urls,
    *workbook_urls,
    path("pay-runs/", run_views.pay_runs, name="pay_runs"),
    path("pay-runs/new/", run_views.pay_run_new, name="pay_run_new"),
    path("pay-runs/<uuid:code>/", run_views.pay_run, name="pay_run"),
    path("pay-runs/<uuid:code>/lines/", allocation_views.pay_run_lines, name="pay_run_lines"),
    path("pay-runs/<uuid:code>/payments/", allocation_views.pay_run_payments, name="pay_run_payments"),
    path("pay-runs/<uuid:code>/payments/<uuid:payment>/", allocation_views.pay_run_payment, name="pay_run_payment"),
    path("pay-runs/<uuid:code>/submission/", allocation_views.pay_run_submission, name="pay_run_submission"),
    path("pay-runs/<uuid:code>/proposals/", proposal_views.proposals, name="proposals"),
    path("pay-runs/<uuid:code>/proposals/new/", proposal_views.proposal_new, name="proposal_new"),
    path("pay-runs/<uuid:code>/proposals/<uuid:proposal>/", proposal_views.proposal, name="proposal"),
    path(
        "pay-runs/<uuid:code>/proposals/<uuid:proposal>/acceptance/",
        proposal_views.proposal_acceptance,
        name="proposal_acceptance",
    ),
    path(
        "pay-runs/<uuid:code>/proposals/<uuid:proposal>/replay/",
        proposal_views.proposal_replay,
        name="proposal_replay",
    ),
    path("pay-runs/<uuid:code>/cancellation/", run_views.pay_run_cancellation, name="pay_run_cancellation"),
    path("pay-runs/<uuid:code>/review/", approval_views.pay_run_review, name="pay_run_review"),
    path("pay-runs/<uuid:code>/approval/", approval_views.pay_run_approval, name="pay_run_approval"),
    path("pay-runs/<uuid:code>/return/", approval_views.pay_run_return, name="pay_run_return"),
    path("pay-runs/<uuid:code>/release/", approval_views.pay_run_release, name="pay_run_release"),
    path("approvals/", approval_pages.approvals, name="approvals"),
    path("approvals/delegations/", approval_pages.delegations, name="delegations"),
    path(
        "approvals/delegations/<uuid:code>/withdrawal/",
        approval_pages.delegation_withdrawal,
        name="delegation_withdrawal",
    ),
    path("approvals/policy/", approval_pages.approval_policy, name="approval_policy"),
    path("approvals/policy/proposals/", approval_pages.policy_proposals, name="policy_proposals"),
    path("approvals/policy/<uuid:code>/decision/", approval_pages.policy_decision, name="policy_decision"),
    path("pastes/", paste_views.pastes, name="pastes"),
    path("pastes/<uuid:code>/", paste_views.paste, name="paste"),
    path("pastes/<uuid:code>/columns/", paste_views.paste_columns, name="paste_columns"),
    path("pastes/<uuid:code>/rows/", paste_views.paste_rows, name="paste_rows"),
    path("pastes/<uuid:code>/selection/", paste_views.paste_selection, name="paste_selection"),
    path("pastes/<uuid:code>/amounts/", paste_views.paste_amounts, name="paste_amounts"),
    path("pastes/<uuid:code>/pay-runs/", paste_views.paste_pay_runs, name="paste_pay_runs"),
    path("payments/", payment_views.payments, name="payments"),
    path("payments/<uuid:code>/", payment_views.payment, name="payment"),
    path("carrier/breaks/", break_views.breaks, name="breaks"),
    path("carrier/breaks/<uuid:code>/owner/", break_views.break_owner, name="break_owner"),
    path("carrier/breaks/<uuid:code>/explanation/", break_views.break_explanation, name="break_explanation"),
    path("carrier/payment-methods/", eligibility_views.method_rules, name="method_rules"),
    path("carrier/payment-methods/new/", eligibility_views.method_rule_new, name="method_rule_new"),
    path("carrier/payment-methods/<uuid:code>/end/", eligibility_views.method_rule_end, name="method_rule_end"),
    path("carrier/postings/", payment_views.postings, name="postings"),
    path("carrier/postings/<uuid:code>/replay/", payment_views.posting_replay, name="posting_replay"),
]
