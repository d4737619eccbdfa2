"""What the queue calls."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from portal.pdf.fonts import house_fonts


@shared_task
def prepare_fonts() -> None:
    """Convert the fonts before anybody waits for them; over at once when they are there."""
    house_fonts().prepare()


@worker_ready.connect
def _prepare_fonts(**_sender: Any) -> None:
    prepare_fonts.apply_async(queue="build", retry=False)
