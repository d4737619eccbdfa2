"""What the queue calls."""

from celery import shared_task
from django.utils import timezone

from portal.tenancy import system_scope
from schools.notices import reading


@shared_task
def remind_of_notices() -> None:
    with system_scope():
        reading.remind_due(timezone.localdate())
