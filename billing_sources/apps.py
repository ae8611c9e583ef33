from django.apps import AppConfig


class BillingSourcesConfig(AppConfig):
    name = "billing_sources"
