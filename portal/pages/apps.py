from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "portal.pages"
    label = "pages"

    def ready(self) -> None:
        """Whoever wakes a worker (a page, a command) needs the Celery application to be there."""
        import portal.celery  # noqa: F401 -- imported for the application that it makes
