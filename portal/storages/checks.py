"""`manage.py check --deploy`: that files can be stored, and that no stranger reads them."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from portal import files


@register("files", deploy=True)
def check_storage(**options: Any) -> list[CheckMessage]:
    return [Error(fault, id="portal.E001") for fault in files.storage().faults()]
