"""The WeChat of a student: linked once, after a sign-in with enough behind it; from then on it signs in with one tap.

Less behind the sign-in links it for messages alone. One openid is one student: it is not taken from who has it, a person
unlinks it. The openid in clear stands with the contacts, encrypted (portal.notifications.contacts).
"""

import logging

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from capture.models import WeChatBinding
from capture.sign_in.providers.base import Strength
from portal import history, notifications
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.notifications import contacts
from portal.notifications.channels import mini_program, wechat
from portal.notifications.channels.base import ChannelDown
from portal.security import encryption
from portal.tenancy import across_schools, school_scope
from schools.models import Season
from students.identity import student_access
from students.models import Student

log = logging.getLogger(__name__)
LEAST = Strength.HOLDS  # behind the sign-in after which WeChat is enough
CHANNELS = (wechat.CHANNEL.name, mini_program.CHANNEL.name)
WAY = "wechat"  # the name of the provider


def link(student: Student, *, channel: str, openid: str, strength: str, way: str) -> bool:
    """Messages reach this WeChat; True if it signs in as well. `strength`, `way`: of the student's sign-in.

    Raises Conflict where it is another student's, or the student has another one.
    """
    hashes = hashes_of(student.season_id, channel, openid)
    with across_schools():  # the other student may be of any school
        taken = WeChatBinding.objects.filter(season=student.season_id, channel=channel, openid_hash__in=hashes)
        if taken.exclude(student=student).exists():
            raise _taken()
    try:
        with school_scope(student.school), transaction.atomic():
            Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
            own = WeChatBinding.objects.filter(student=student, channel=channel).first()
            is_own = own is not None and own.openid_hash in hashes
            if own and not is_own and encryption.can_be_found(own.openid_hash):
                raise Conflict(_("Another WeChat is linked to you. Your school can unlink it; then link this one."))
            signs_in = is_own or Strength.is_enough(strength, least=LEAST)
            if signs_in:  # after a change of keys the hash is made anew
                WeChatBinding.objects.update_or_create(
                    student=student,
                    channel=channel,
                    defaults={"school": student.school, "season": student.season, "openid_hash": hashes[0]},
                )
            if signs_in and not is_own:
                facts = {"channel": channel, "recognised_by": way, "strength": strength}
                history.record("student.wechat_linked", student, by=student, facts=facts)
            contacts.bind(student, school=student.school, channel=channel, address=openid)
    except IntegrityError as error:  # at this moment by somebody else
        raise _taken() from error
    return signs_in


def hashes_of(season_id: int, channel: str, openid: str) -> list[str]:
    return encryption.keyed_hashes(f"{season_id}/{channel}/{openid}", b"wechat sign-in")


def student_ids(channel: str, openid: str) -> list[int]:
    """Whom it signs in: one student a season. Asked in the scope of all schools."""
    seasons = Season.objects.exclude(status=Season.Status.DRAFT).values_list("pk", flat=True)
    hashes = [one for season in seasons for one in hashes_of(season, channel, openid)]
    found = WeChatBinding.objects.filter(channel=channel, openid_hash__in=hashes)
    return list(found.values_list("student_id", flat=True))


def of(student: Student) -> list[WeChatBinding]:
    return list(WeChatBinding.objects.filter(student=student).order_by("bound_at"))


def unlink(student: Student, *, reason: str, by: User) -> None:
    """Neither signs the student's WeChat in nor do messages reach it. The student is told, and signed out everywhere.

    Raises Conflict when none is linked.
    """
    with transaction.atomic():
        Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
        if not WeChatBinding.objects.filter(student=student).delete()[0]:
            raise Conflict(_("No WeChat is linked to this student."))
        contacts.unbind(student, channels=CHANNELS)
        student_access.end_all(student)
        history.record("student.wechat_unlinked", student, by=by, facts={"reason": reason})
        notifications.notify(student, school=student.school, kind="wechat_unlinked", parameters={"reason": reason})


def bind_mini_program(student: Student, code: str, *, strength: str, way: str) -> str:
    """Link the mini program in which the student has signed in. Signing in does not fail when WeChat does.

    A sentence when it is another student's, or the student has another one.
    """
    channel = mini_program.CHANNEL
    if not code or not channel.is_set_up():
        return ""
    try:
        openid = channel.openid_of(code)
    except (PortalError, ChannelDown) as error:
        log.warning("The mini program of a student could not be linked: %s", error)
        return ""
    try:
        link(student, channel=channel.name, openid=openid, strength=strength, way=way)
    except Conflict as refused:
        return str(refused)
    return ""


def _taken() -> Conflict:
    return Conflict(
        _(
            "This WeChat is linked to another student. Each student links the own one; if it is yours, ask your school to"
            " unlink it there."
        )
    )
