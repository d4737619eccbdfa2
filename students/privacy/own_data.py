"""What the product knows about a student, for the student: a page and a copy to take away.

Each room registers its part:

    own_data.register("payments", lambda student: [...])

A part is JSON-safe, or has dates, and holds nothing about anybody else.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from portal import history
from portal.database.scope import about_student
from portal.errors import NotAllowed
from portal.history.event_text import sentence_of
from portal.models import Event, Look, Notification
from portal.notifications import contacts
from portal.security import attempts
from schools.models import NoticeReceipt
from students.identity import id_encryption
from students.models import Correction, Student

Part = Callable[[Student], Any]
_PARTS: dict[str, Part] = {}
_OBJECTS: dict[str, Callable[[Student], list[int]]] = {}
FIELDS = (
    *(
        "student_no",
        "name",
        "gender",
        "id_type",
        "id_number",
        "id_masked",
        "level",
        "college",
        "major",
        "class_name",
        "phone",
    ),
    *("email", "stage", "fee_state", "locked_at", "lock_reason", "created_at", "updated_at"),
)
# Events that show or give away data of one student.
ACCESS_EVENTS = (
    *("student.revealed", "student.document_seen", "student.admission_photo_seen", "correction.evidence_seen"),
    *("photo.looked", "photo.compared", "photo.downloaded"),
)


def register(name: str, part: Part) -> None:
    if name in _PARTS:
        raise ValueError(f"{name} is registered twice.")
    _PARTS[name] = part


def register_objects(label: str, ids_of: Callable[[Student], list[int]]) -> None:
    """Register a model (its label in lower case) whose rows are about one student: a look at them is one at the student."""
    _OBJECTS[label] = ids_of


def collect(student: Student) -> dict[str, Any]:
    """{part: data} of everything that is registered."""
    return {name: part(student) for name, part in _PARTS.items()}


def require_own_number(student: Student, number: str) -> None:
    """Raise NotAllowed unless it is the student's document number, and Delayed after several wrong ones.

    The copy has the number in clear. Not every way to sign in asks for it, and a helper at a station may give digits
    to somebody else: nobody learns it by a session alone.
    """
    attempts.begin("own-number", student.actor_key)
    if student.id_hash not in id_encryption.digests(number):
        raise NotAllowed(_("This is not your document number as it is recorded. Look for typing errors."))
    attempts.succeeded("own-number", student.actor_key)


def lookers(student: Student, *, most: int) -> list[dict[str, Any]]:
    """Who of the staff saw the student's data, newest first: when, who, and what they saw."""
    with about_student(student.pk):
        looks = list(Look.objects.filter(students__contains=[student.pk])[:most])
    found: list[dict[str, Any]] = [
        {"at": look.at, "who": look.actor_name, "what": look.get_kind_display()} for look in looks
    ]
    events = Event.objects.filter(about(student), kind__in=ACCESS_EVENTS).exclude(actor_key=student.actor_key)[:most]
    found += [{"at": event.at, "who": event.actor_name, "what": str(sentence_of(event))} for event in events]
    return sorted(found, key=lambda row: row["at"], reverse=True)[:most]


def about(student: Student) -> Q:
    """Of events: those of the student's row and of the registered rows about the student."""
    found = Q(object_type=student._meta.label_lower, object_id=student.pk)
    for label, ids_of in _OBJECTS.items():
        found |= Q(object_type=label, object_id__in=ids_of(student))
    return found


register(
    "student",
    lambda student: (
        {name: getattr(student, name) for name in FIELDS}
        | {"school": student.school.name, "season": student.season.year}
    ),
)
register(
    "corrections",
    lambda student: list(
        Correction.objects.filter(student=student).values(
            *("field", "wanted", "wanted_type", "explanation", "source", "status", "evidence_at", "evidence_size"),
            *("checked_at", "answer", "created_at", "decided_at", "to_print_again", "printed_again_at"),
        )
    ),
)
register(
    "messages",
    lambda student: list(
        Notification.objects.filter(recipient_key=student.actor_key).values(
            "kind", "parameters", "created_at", "read_at"
        )
    ),
)
register(
    "notices",
    lambda student: list(
        NoticeReceipt.objects.filter(reader_key=student.actor_key).values(
            "notice__title", "number", "read_at", "confirmed_number", "confirmed_at"
        )
    ),
)
register(
    "contacts",
    lambda student: [
        {
            "channel": row.channel,
            "address": contacts.linked_address(row),
            "refused_address": "" if row.linked_hash else row.refused_address,
            "refusal": row.refusal,
            "muted": row.muted,
        }
        for row in contacts.of([student]).values()
    ],
)
register("looks", lambda student: lookers(student, most=10_000))
register(
    "history",
    lambda student: [
        {"at": event.at, "what": str(sentence_of(event)), "facts": event.facts} for event in history.of(student)
    ],
)
