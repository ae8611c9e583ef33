"""Beat rings for jobs that exist, and every wake-up has a queue that a worker listens to."""

from __future__ import annotations

from fnmatch import fnmatch

from portal.celery import app

QUEUES = {"ingest", "push", "documents"}


def test_whatever_beat_rings_for_is_a_job() -> None:
    app.loader.import_default_modules()

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_every_job_goes_to_a_queue_of_the_workers() -> None:
    app.loader.import_default_modules()
    ours = [name for name in app.tasks if not name.startswith("celery.")]

    for name in ours:
        queues = [route["queue"] for pattern, route in app.conf.task_routes.items() if fnmatch(name, pattern)]
        assert queues and set(queues) <= QUEUES, name
