"""A school writes to the center, the center answers; both see every letter."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from portal import history, notifications, permissions
from portal.changes import states
from portal.errors import NotAllowed
from portal.models import Membership, User
from portal.security.rate_limits import Daily
from portal.tenancy import Tenant
from schools.models import Inquiry, InquiryMessage, Notice, Season

Status, Topic = Inquiry.Status, Inquiry.Topic
LETTERS = Daily(
    "letters",
    30,
    gettext_lazy(
        "You have sent %(n)d letters to the center, the most for one day. Put several questions into one; you can go on in %(hours)d h."
    ),
)
LETTERS_OF_SCHOOL = Daily(
    "letters of a school",
    100,
    gettext_lazy(
        "Your school has sent %(n)d letters to the center, the most for one day. It can go on in %(hours)d h; telephone if it is urgent."
    ),
)


def may_answer(member: Membership | None) -> list[str]:
    """The topics that a person of the center answers."""
    allowed = {
        Topic.GENERAL: permissions.may(member, "inquiries.answer"),
        Topic.PHOTOS: permissions.may(member, "inquiries.answer_photos"),
        Topic.FEES: permissions.may(member, "inquiries.answer_fees"),
        Topic.PRINTS: permissions.may(member, "inquiries.answer_prints"),
    }
    return [topic.value for topic, is_allowed in allowed.items() if is_allowed]


def seen_by(member: Membership, season: Season | None) -> QuerySet[Inquiry]:
    """The letters of a season that a person of the center sees: of the topics that the person answers, or all."""
    rows = Inquiry.objects.filter(season=season)
    return rows if permissions.may(member, "inquiries.see_all") else rows.filter(topic__in=may_answer(member))


def ask(
    school: Tenant, season: Season, *, by: User, topic: str, subject: str, text: str, notice: Notice | None = None
) -> Inquiry:
    """The school begins a new subject. Who answers its topic at the center is told. Raises RateLimited."""
    _count(school, by)
    with transaction.atomic():
        row = Inquiry.objects.create(school=school, season=season, topic=topic, subject=subject, notice=notice)
        _write(row, text, by=by, is_center=False)
        history.record("inquiry.asked", row, by=by, after=row.status)
        _tell_center(row)
    return row


def write_again(row: Inquiry, *, text: str, by: User) -> None:
    """The school adds something: the subject waits for the center again. Raises RateLimited."""
    _count(row.school, by)
    with transaction.atomic():
        _write(row, text, by=by, is_center=False)
        if row.status != Status.OPEN:
            states.change(row, Status.OPEN, by=by)
        _tell_center(row)


def answer(row: Inquiry, *, text: str, by: User, member: Membership) -> None:
    """The center answers, and the people of the school who write to it are told."""
    require_answerable(row, member)
    with transaction.atomic():
        _write(row, text, by=by, is_center=True)
        if row.status != Status.ANSWERED:
            states.change(row, Status.ANSWERED, by=by)
        notifications.notify_school(
            row.school,
            kind="inquiry_answered",
            season=row.season,
            parameters={"subject": row.subject},
            link=row.school_url,
        )


def settle(row: Inquiry, *, by: User, member: Membership) -> None:
    """Nothing more is to be done. A further letter of the school opens it again."""
    require_answerable(row, member)
    states.change(row, Status.CLOSED, by=by)


def require_answerable(row: Inquiry, member: Membership) -> None:
    if row.topic not in may_answer(member):
        raise NotAllowed


def _count(school: Tenant, by: User) -> None:
    LETTERS.count(by.pk)
    LETTERS_OF_SCHOOL.count(school.pk)


def _write(row: Inquiry, text: str, *, by: User, is_center: bool) -> InquiryMessage:
    row.save(update_fields=["updated_at"])
    return InquiryMessage.objects.create(
        school_id=row.school_id, inquiry=row, text=text.strip(), by_name=by.actor_name[:60], is_center=is_center
    )


def _tell_center(row: Inquiry) -> None:
    parameters: dict[str, Any] = {"school": row.school.name, "subject": row.subject}
    notifications.notify_center(
        kind=f"inquiry_{row.topic}", season=row.season, parameters=parameters, link=row.get_absolute_url()
    )
