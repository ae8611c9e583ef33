"""Addresses of groups, tags, and the tree of accounts with its tags."""

from __future__ import annotations

from django.urls import URLPattern, path

from payments.groups import rule_views, tag_views, tree_views, views

group_urls: list[URLPattern] = [
    path("groups/", views.group_list, name="groups"),
    path("groups/new/", rule_views.group_new, name="group_new"),
    path("groups/<uuid:code>/", views.group_detail, name="group"),
    path("groups/<uuid:code>/rule/", rule_views.group_rule, name="group_rule"),
    path("groups/<uuid:code>/defaults/", views.group_defaults, name="group_defaults"),
    path("groups/<uuid:code>/removals/", views.group_removals, name="group_removals"),
    path("groups/<uuid:code>/readmissions/", views.group_readmissions, name="group_readmissions"),
    path("groups/<uuid:code>/places/", views.group_places, name="group_places"),
    path("groups/<uuid:code>/pay-runs/", views.group_pay_runs, name="group_pay_runs"),
    path("groups/<uuid:code>/rights/", views.group_rights, name="group_rights"),
    path("tags/", tag_views.tags, name="tags"),
    path("tags/<uuid:code>/", tag_views.tag, name="tag"),
    path("tags/<uuid:code>/changes/", tag_views.tag_changes, name="tag_changes"),
    path("accounts/", tree_views.accounts, name="accounts"),
    path("accounts/<uuid:code>/tags/", tree_views.node_tags, name="node_tags"),
    path("accounts/<uuid:code>/tags/changes/", tree_views.node_tag_changes, name="node_tag_changes"),
]
