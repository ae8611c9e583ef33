"""Addresses of the Excel round trip."""

from __future__ import annotations

from django.urls import URLPattern, path

from payments.workbooks import views

workbook_urls: list[URLPattern] = [
    path("pay-runs/<uuid:code>/workbook/", views.pay_run_workbook, name="pay_run_workbook"),
    path("invoices/tag-workbook/", views.tag_workbook, name="tag_workbook"),
    path("workbooks/", views.workbooks, name="workbooks"),
    path("workbooks/<uuid:code>/", views.workbook, name="workbook"),
    path("workbooks/<uuid:code>/application/", views.workbook_application, name="workbook_application"),
    path("workbooks/<uuid:code>/returned.xlsx", views.workbook_returned, name="workbook_returned"),
]
