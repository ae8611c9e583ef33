"""The Celery application for workers and beat: `celery --app portal.worker`."""

from __future__ import annotations

import os

from portal import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
embedded.ensure()

from portal.celery import app  # noqa: E402 -- settings are read once the servers are known

__all__ = ["app"]
