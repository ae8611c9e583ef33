from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        """Whoever wakes a worker (a page, a command) needs the Celery application to be there."""
        import portal.celery  # noqa: F401 -- imported for the application that it makes
