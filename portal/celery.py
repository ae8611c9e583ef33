"""Background jobs: the Celery application and when beat rings.

Every job finds its work in PostgreSQL; a message is only a wake-up. Losing all of Redis delays work until the next
ring, and loses none.
"""

from __future__ import annotations

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("tributary")
app.conf.update(settings.CELERY)
app.autodiscover_tasks(["portal.customers", "billing_sources", "payments", "remittance"])
app.conf.beat_schedule = {
    "the night": {"task": "billing_sources.ring_night", "schedule": 60.0},
    "runs whose worker died": {"task": "billing_sources.sweep_runs", "schedule": 30.0},
    "replies to billing systems": {"task": "billing_sources.sweep_replies", "schedule": 30.0},
    "account trees of today": {"task": "customers.arrange_accounts", "schedule": 600.0},
    "reissued invoices": {"task": "payments.meet_revisions", "schedule": 30.0},
    "lists to write": {"task": "payments.sweep_exports", "schedule": 30.0},
    "remittance slips": {"task": "remittance.issue_slips", "schedule": 5.0},
    "tell AR": {"task": "remittance.push_due", "schedule": 5.0},
    "hear from AR": {"task": "remittance.collect_answers", "schedule": 5.0},
}
app.conf.task_routes = {
    "billing_sources.*": {"queue": "ingest"},
    "customers.*": {"queue": "push"},
    "payments.write_export": {"queue": "documents"},
    "payments.*": {"queue": "push"},
    "remittance.issue_slips": {"queue": "documents"},
    "remittance.*": {"queue": "push"},
}
