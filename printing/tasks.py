"""The task that prepares the fonts when a worker starts."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from portal.pdf.fonts import installed_fonts


@shared_task
def prepare_fonts() -> None:
    """Convert the fonts, so that the first build does not wait.

    Does nothing when they are converted.
    """
    installed_fonts().prepare()


@worker_ready.connect
def _prepare_fonts(**_sender: Any) -> None:
    prepare_fonts.apply_async(queue="build", retry=False)
