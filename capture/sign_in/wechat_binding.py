"""Which mini program a student has signed in by, so that messages reach it."""

import logging

from portal.errors import PortalError
from portal.notifications import contacts
from portal.notifications.channels import mini_program
from portal.notifications.channels.base import ChannelDown
from portal.tenancy import school_scope
from students.models import Student

log = logging.getLogger(__name__)


def bind_mini_program(student: Student, code: str) -> None:
    """Link the mini program in which the student has signed in. Signing in does not fail when WeChat does."""
    channel = mini_program.CHANNEL
    if not code or not channel.is_set_up():
        return
    try:
        openid = channel.openid_of(code)
    except (PortalError, ChannelDown) as error:
        log.warning("The mini program of a student could not be linked: %s", error)
        return
    with school_scope(student.school):
        contacts.bind(student, school=student.school, channel=channel.name, address=openid)
