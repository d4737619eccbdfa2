"""What the people's accounts leave behind: sign-ins, calendar addresses, what they want to be told, and the center's own texts."""

import datetime as dt
import hashlib

from demo.scale.copying import Table
from demo.scale.school_rows import Writer
from demo.scale.student_rows import Campus
from portal.models import Contact, NotificationText, SignIn, User
from schools.models import CalendarLink
from students.models import RosterBundle, RosterHeading

SIGN_INS = 20  # of each person


def make(writer: Writer, campuses: list[Campus]) -> None:
    now = writer.numbers.now
    sign_in = Table(SignIn, "user_id", "session_key", "address", "device", "at", "seen_at", "ended_at")
    people = list(User.objects.order_by("pk").values_list("pk", flat=True))
    for user in people:
        for day in range(SIGN_INS):
            at = now - dt.timedelta(days=day, hours=user % 9)
            key = hashlib.sha256(f"{user}:{day}".encode()).hexdigest()[:40]
            sign_in.add(user, key, "10.0.0.1", "Chrome · Windows", at, at, at + dt.timedelta(hours=1) if day else None)
    writer.rows[sign_in.name] += sign_in.copy()
    CalendarLink.objects.bulk_create(CalendarLink(account=user) for user in people if user % 3 == 0)
    Contact.objects.bulk_create(
        Contact(school_id=campus.school_id, recipient_key=campus.reviewer[0], channel="email", muted=["print"])
        for campus in campuses
        if campus.reviewer_id % 4 == 0 and campus.season_id == campuses[-1].season_id
    )
    NotificationText.objects.create(
        kind="photo_approved", language="zh-hans", subject="照片审核通过", body="你的照片已审核通过。"
    )
    RosterHeading.objects.bulk_create(
        RosterHeading(school_id=campus.school_id, heading="培养单位", label="培养单位", field="college")
        for campus in campuses
        if campus.school_id % 6 == 0 and campus.season_id == campuses[-1].season_id
    )
    RosterBundle.objects.create(
        season_id=campuses[-1].season_id,
        status="divided",
        filename="全省毕业生名单.xlsx",
        created_by_name=campuses[-1].officer[1],
    )
