"""Loads the demo season: brings every school to its phase by the rules that the pages call.

The photos are taken by a job, so that the portal can be opened at once and the dashboard shows the
progress.
"""

import time
from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext_lazy

from capture import capture_period
from demo import admission_photos, bank_statement, first_days, graduates, last_season, payments, photos, schools
from portal import history
from portal.background import jobs
from portal.models import Job, User
from portal.tenancy import school_scope, system_scope
from printing import delivery, print_runs
from printing.models import PrintRun
from proofing import disputes, feedback, proofs
from schools.models import Enrolment, Season
from students.models import Correction, Student

KIND = "demo"


def load() -> Job | None:
    """Create what is missing of the demo season. Returns the job that takes its photos."""
    season = schools.make_season()
    total = 0
    for n, entry in enumerate(schools.SCHOOLS):
        school = schools.school_of(entry)
        students = graduates.enrol_students(season, school, seed=n)
        total += sum(case.last_step != "waiting" for case in photos.photo_cases(entry.phase, len(students)))
    with system_scope():
        job = Job.objects.filter(kind=KIND, season=season).exclude(status=Job.Status.FAILED).first()
        return job or jobs.create(KIND, by=history.SYSTEM, season=season, total=total)


@jobs.handler(KIND, label=gettext_lazy("Demo season: photographing and judging"), queue="build")
def build_season(job: Job) -> None:
    """Take the photos and bring each school to its phase.

    Steps that are done are skipped, so it can run again.
    """
    season = job.season
    assert season is not None
    first_days.make(season)
    last_season.make(season)
    photos.set_limits(season, by=User.objects.get(username=schools.CENTER))
    done = 0
    for entry in schools.SCHOOLS:
        with school_scope(schools.school_of(entry)):
            done = _take_photos(job, season, entry, done)
            ADVANCE[entry.phase](_enrolment(season, entry), _reviewer(entry))
    bank_statement.bring(season, by=_officer())


def _enrolment(season: Season, entry: schools.DemoSchool) -> Enrolment:
    return Enrolment.objects.select_related("season", "school__area").get(season=season, school__code=entry.code)


def _reviewer(entry: schools.DemoSchool) -> User:
    return User.objects.get(username=entry.account)


def _officer() -> User:
    return User.objects.get(username=schools.OFFICER)


def _take_photos(job: Job, season: Season, entry: schools.DemoSchool, done: int) -> int:
    enrolment, reviewer = _enrolment(season, entry), _reviewer(entry)
    students = list(Student.objects.filter(season=season).order_by("student_no"))
    cases = photos.photo_cases(entry.phase, len(students))
    if entry.phase in ("capturing", "paying"):
        admission_photos.give(enrolment, students, sum(case.last_step != "waiting" for case in cases))
    for n, (student, case) in enumerate(zip(students, cases, strict=True)):
        photos.photograph(
            student=student, enrolment=enrolment, case=case, n=n, reviewer=reviewer, pay=payments.pay_online
        )
        if case.last_step != "waiting":
            done += 1
            jobs.progress(job, done)
    return done


def _proofread(enrolment: Enrolment, by: User) -> None:
    """End the capture; half of the students confirm, three ask for a correction."""
    _end_capture(enrolment, by)
    students = list(Student.objects.filter(season=enrolment.season, stage=Student.Stage.APPROVED))
    for student in students[: len(students) // 2]:
        portrait = proofs.current_portrait(student)
        if portrait:
            proofs.confirm(student, photo_id=portrait.pk, by=student)
    for student, field, wanted in zip(
        students[-3:], ("major", "name", "portrait"), ("应用化学", "王小明", ""), strict=False
    ):
        if not Correction.objects.filter(student=student).exists():
            disputes.ask(student, field=field, wanted=wanted, explanation="请老师核对学籍信息。", by=student)


def _end_capture(enrolment: Enrolment, by: User) -> None:
    if enrolment.status == Enrolment.Status.CAPTURING:
        capture_period.end_capture(enrolment=enrolment, by=by)


def _send_feedback(enrolment: Enrolment, by: User) -> None:
    """Confirm for every student and send the feedback form to the center."""
    _end_capture(enrolment, by)
    if enrolment.status != Enrolment.Status.PROOFREADING:
        return
    proofs.confirm_for_students(proofs.awaiting_confirmation(enrolment), reason="班级现场核对，已签字确认。", by=by)
    form = feedback.make(
        enrolment, by=by, quality="good", service="good", handler_name=by.full_name, handler_phone="025-00000001"
    )
    feedback.send(form, data=feedback.form_pdf(enrolment, form), by=by)


def _deliver(enrolment: Enrolment, by: User) -> None:
    """Accept the form, pay the fee, print the sheets, ship and receive the parcel."""
    _send_feedback(enrolment, by)
    enrolment.refresh_from_db()
    payments.settle(enrolment, by=_officer(), signed_by=by)
    payments.transfer_fee(enrolment, by=_officer())
    if enrolment.status == Enrolment.Status.FEEDBACK_SENT:
        feedback.accept(enrolment.feedback, by=_officer())
        enrolment.refresh_from_db()
    if enrolment.status == Enrolment.Status.FEEDBACK_ACCEPTED:
        print_runs.create(enrolment, by=_officer())
    for run in PrintRun.objects.filter(enrolment=enrolment, shipments=None).select_related("job"):
        assert run.job is not None
        _run_or_wait(run.job)
        parcel = delivery.ship(
            run, carrier="顺丰速运", tracking_no="SF0000000001", shipped_on=timezone.localdate(), by=_officer()
        )
        delivery.receive(parcel, received_by="教务处", by=by)


def _run_or_wait(job: Job) -> None:
    """Run the job in this process; when another worker has taken it, wait for its end."""
    jobs.run(job.pk)
    while Job.objects.get(pk=job.pk).is_open:
        time.sleep(0.2)


def _pay_part(enrolment: Enrolment, by: User) -> None:
    payments.transfer_fee(enrolment, by=_officer(), share=0.5)
    payments.settle(enrolment, by=_officer())


def _nothing(enrolment: Enrolment, by: User) -> None:
    """Nothing follows after the photos."""


ADVANCE: dict[str, Callable[[Enrolment, User], None]] = {
    "preparing": _nothing,
    "capturing": _pay_part,
    "paying": _nothing,
    "proofreading": _proofread,
    "feedback": _send_feedback,
    "delivered": _deliver,
}
