from django.apps import AppConfig


class ImpersonationConfig(AppConfig):
    name = "portal.impersonation"
    label = "impersonation"
