"""The Celery application and the day's timetable."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import celeryd_init

from launch import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Read here and not from the settings: importing this package must not load them.
SWEEP_SECONDS = environment.number("TUCAI_SWEEP_SECONDS", 60, least=1, most=3600)
UNJUDGED_SECONDS = 10  # students wait for what is lost here; it costs three short statements

app = Celery("tucai", task_cls="portal.background.queue:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_scheduler = "config.beat:Scheduler"
app.conf.beat_schedule = {
    "sweep-jobs": {"task": "portal.tasks.sweep", "schedule": SWEEP_SECONDS},
    "history": {"task": "portal.tasks.make_checkpoint", "schedule": crontab(minute="*/5")},
    "fold-counters": {"task": "portal.tasks.fold_counters", "schedule": SWEEP_SECONDS},
    "sweep-photos": {"task": "capture.tasks.sweep", "schedule": SWEEP_SECONDS},
    "sweep-unjudged": {
        "task": "capture.tasks.sweep_unjudged",
        "schedule": min(UNJUDGED_SECONDS, SWEEP_SECONDS),
        "options": {"expires": UNJUDGED_SECONDS},
    },
    "daily-check": {"task": "capture.tasks.daily_checks", "schedule": crontab(hour=18, minute=5)},
    "end-captures": {"task": "capture.tasks.end_captures", "schedule": crontab(minute="*/10")},
    "window-reminders": {"task": "capture.tasks.remind_windows", "schedule": crontab(hour=8, minute=20)},
    "reminders": {"task": "proofing.tasks.remind_deadlines", "schedule": crontab(hour=8, minute=30)},
    "notice-reminders": {"task": "schools.tasks.remind_of_notices", "schedule": crontab(hour=8, minute=50)},
    "purge": {"task": "capture.tasks.purge", "schedule": crontab(hour=3, minute=10)},
    "payment-reminders": {"task": "billing.tasks.remind_payments", "schedule": crontab(hour=8, minute=40)},
    "accounts": {"task": "billing.tasks.post_charges", "schedule": crontab(hour=19, minute=0)},
    "retention": {"task": "portal.tasks.delete_expired", "schedule": crontab(hour=3, minute=20)},
    "unnamed-files": {"task": "portal.tasks.delete_unnamed_files", "schedule": crontab(hour=3, minute=40)},
    "reconciliation": {"task": "billing.tasks.reconcile", "schedule": crontab(hour="10,11,14,17,21", minute=20)},
    "proof": {"task": "billing.tasks.prove_ledger", "schedule": crontab(hour=4, minute=30)},
    "counters": {"task": "portal.tasks.prove_counters", "schedule": crontab(hour=4, minute=45)},
    "check-history": {"task": "portal.tasks.check_history", "schedule": crontab(hour=5, minute=0)},
    "returned-mail": {"task": "portal.tasks.read_returned_mail", "schedule": crontab(minute="*/5")},
    "settle-orders": {"task": "billing.tasks.settle_orders", "schedule": crontab(minute="*/5")},
}


@celeryd_init.connect
def check_login(**_signal: Any) -> None:
    """Before a worker takes its first task. Beat asks no database."""
    from config import database_login

    database_login.check_settings()
    database_login.check_log()
