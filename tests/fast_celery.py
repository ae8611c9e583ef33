"""The Celery application of the portal, whose beat rings every second, so that nobody waits for a night in a test."""

from __future__ import annotations

from portal.celery import app

app.conf.beat_schedule = {name: {**entry, "schedule": 1.0} for name, entry in app.conf.beat_schedule.items()}
