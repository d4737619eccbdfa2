"""What this room adds to the portal: badges, navigation, panels, jobs."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal import language, student_limits
from portal.pages import navigation, panels, status_badges
from portal.pages.panels import PageLink
from portal.pages.status_badges import Badge
from portal.privacy import retention
from portal.tenancy import school_scope
from schools.models import School, Season
from schools.register import columns
from schools.register.columns import Choices, Column
from schools.seasons import season_objects, unfinished
from students import progress, records, tasks  # noqa: F401  (kinds of jobs)
from students.announcing import group_messages, notices  # noqa: F401  (kinds of jobs)
from students.correcting import correction_evidence, corrections
from students.forms import CatalogueMoveForm, MoveForm, RefusalForm
from students.identity import student_access
from students.lists import bulk_actions, exports  # noqa: F401  (exports registers kinds of jobs)
from students.models import (
    Appearance,
    CatalogueClass,
    Correction,
    RosterBundle,
    RosterImport,
    SchoolChange,
    Student,
    StudentSession,
)
from students.moving import move, school_changes  # noqa: F401  (move registers a kind of job)
from students.privacy import (
    id_number_retention,
    own_data,
    rotation,  # noqa: F401  (registers a kind of job)
)
from students.roster import roster_imports
from students.without_list import appearances

season_objects.register(
    {
        "school/roster/": (Student, "season"),
        "center/students/": (Student, "season"),
        "school/students/": (Student, "season"),
        "school/roster/import/": (RosterImport, "season"),
        "school/roster/catalogue/": (CatalogueClass, "season"),
        "center/number-clashes/": (RosterImport, "season"),
        "school/corrections/": (Correction, "student__season"),
        "center/corrections/": (Correction, "student__season"),
        "panels/fees/students/": (Student, "season"),
        "panels/capture/students/": (Student, "season"),
    }
)
status_badges.register(
    Student,
    {
        Student.Stage.WAITING: Badge("", "clock"),
        Student.Stage.CHECKING: Badge("sky", "arrow-path"),
        Student.Stage.RETAKE: Badge("act", "arrow-uturn-left"),
        Student.Stage.READY: Badge("sky", "paper-airplane"),
        Student.Stage.REVIEW: Badge("look", "eye"),
        Student.Stage.APPROVED: Badge("ok", "check"),
        Student.Stage.PROOFED: Badge("ok", "check-badge"),
        Student.Stage.PRINTED: Badge("ok", "printer"),
        Student.Stage.DELIVERED: Badge("ok", "truck"),
        Student.Stage.LEFT: Badge("", "arrow-right-start-on-rectangle"),
    },
)
status_badges.register(
    Student,
    {
        Student.FeeState.UNPAID: Badge("look", "banknotes"),
        Student.FeeState.PAID: Badge("ok", "check-circle"),
        Student.FeeState.BY_SCHOOL: Badge("", "building-library"),
        Student.FeeState.WAIVED: Badge("ok", "heart"),
    },
)
status_badges.register(
    RosterImport,
    {
        RosterImport.Status.READING: Badge("sky", "arrow-path"),
        RosterImport.Status.HEADINGS: Badge("look", "table-cells"),
        RosterImport.Status.PREVIEW: Badge("look", "eye"),
        RosterImport.Status.REFUSED: Badge("act", "x-circle"),
        RosterImport.Status.APPLYING: Badge("sky", "arrow-path"),
        RosterImport.Status.DONE: Badge("ok", "check"),
        RosterImport.Status.DROPPED: Badge("", "x-mark"),
        RosterImport.Status.CANCELLED: Badge("", "no-symbol"),
    },
)
status_badges.register(
    Correction,
    {
        Correction.Status.OPEN: Badge("look", "pencil-square"),
        Correction.Status.CHECKED: Badge("look", "eye"),
        Correction.Status.ACCEPTED: Badge("ok", "check"),
        Correction.Status.DECLINED: Badge("", "x-circle"),
        Correction.Status.WITHDRAWN: Badge("", "arrow-uturn-left"),
    },
)

own_data.register_objects(
    "students.correction", lambda student: list(Correction.objects.filter(student=student).values_list("pk", flat=True))
)
bulk_actions.register(
    bulk_actions.BulkAction(
        "move",
        _("Move to another class"),
        _("They get another college, major and class; who has proofread reads the proof again."),
        "arrows-right-left",
        "students.change",
        lambda student, by, values: records.change_student(student=student, by=by, **values),
        narrow=records.changeable,
        form=MoveForm,
        with_list=True,
    )
)
bulk_actions.register(
    bulk_actions.BulkAction(
        "reclass",
        _("Move to another class of the catalogue"),
        _("They get another college, major and class; who has proofread reads the proof again."),
        "arrows-right-left",
        "students.change",
        lambda student, by, values: appearances.reclass(student, entry=int(values["entry"]), by=by),
        narrow=lambda students: records.changeable(students).exclude(stage=Student.Stage.LEFT),
        form=CatalogueMoveForm,
        wants_enrolment=True,
        with_list=False,
    )
)
bulk_actions.register(
    bulk_actions.BulkAction(
        "confirm",
        _("Confirm"),
        _("You say that they are students of your school, in this class and with this number. They are told."),
        "check",
        "students.confirm",
        lambda student, by, values: appearances.confirm(student, by=by),
        narrow=appearances.to_confirm,
        with_list=False,
    )
)
bulk_actions.register(
    bulk_actions.BulkAction(
        "not_confirm",
        _("Do not confirm"),
        _("They read your reason, count no longer, and may appear again with another class or number."),
        "x-circle",
        "students.confirm",
        lambda student, by, values: appearances.refuse(student, reason=values["reason"], by=by),
        narrow=appearances.to_refuse,
        form=RefusalForm,
        is_danger=True,
        with_list=False,
    )
)
status_badges.register(
    Appearance,
    {
        Appearance.Status.WAITING: Badge("look", "clock"),
        Appearance.Status.CONFIRMED: Badge("ok", "check"),
        Appearance.Status.REFUSED: Badge("act", "x-circle"),
    },
)
own_data.register_objects(
    "students.appearance", lambda student: list(Appearance.objects.filter(student=student).values_list("pk", flat=True))
)
own_data.register(
    "appearance",
    lambda student: list(
        Appearance.objects.filter(student=student).values("status", "reason", "appeared_at", "decided_at")
    ),
)
status_badges.register(
    RosterBundle,
    {
        RosterBundle.Status.READING: Badge("sky", "arrow-path"),
        RosterBundle.Status.DIVIDED: Badge("ok", "check"),
        RosterBundle.Status.REFUSED: Badge("act", "x-circle"),
    },
)
status_badges.register(
    SchoolChange,
    {
        SchoolChange.Status.ASKED: Badge("look", "arrows-right-left"),
        SchoolChange.Status.MOVING: Badge("sky", "arrow-path"),
        SchoolChange.Status.FAILED: Badge("act", "exclamation-triangle"),
        SchoolChange.Status.MOVED: Badge("ok", "check"),
        SchoolChange.Status.REFUSED: Badge("", "x-circle"),
        SchoolChange.Status.WITHDRAWN: Badge("", "arrow-uturn-left"),
    },
)

navigation.register("school", "students:roster", _("Roster"), "table-cells", order=20)
navigation.register("center", "students:center_students", _("Students"), "academic-cap", order=40)
panels.add_link(
    "students:roster",
    PageLink(
        "students:catalogue",
        _("Without a list"),
        "qr-code",
        lambda request: (
            request.enrolment is not None
            and (not request.enrolment.hands_over_list or request.season.without_list != Season.WithoutList.NO)
        ),
    ),
)
panels.add_link(
    "schools:school_schedule", PageLink("students:class_days", _("Days of classes"), "user-group", lambda request: True)
)
panels.add_panel(
    "center.dashboard",
    "students:panel_figures",
    page="students:center_students",
    label=_("Students"),
    order=10,
    css="wide",
)
panels.add_panel(
    "center.dashboard", "students:panel_matrix", page="schools:schools", label=_("Areas by stage"), order=20, css="main"
)
panels.add_panel(
    "center.dashboard", "students:panel_schools", page="schools:schools", label=_("Schools"), order=40, css="main"
)
panels.add_panel(
    "school.overview",
    "students:panel_classes",
    page="students:roster",
    label=_("Progress by class"),
    order=10,
    css="wide",
)
panels.add_panel("center.school", "students:panel_school", order=10)
panels.add_panel("center.school", "students:panel_colleges", order=40)
panels.add_panel(
    "center.callouts",
    "students:center_moves",
    page="students:center_moves",
    label=_("Students who change their school"),
)
panels.add_panel(
    "school.callouts", "students:newcomers", page="students:newcomers", label=_("Students to be confirmed"), order=5
)
panels.add_panel(
    "school.callouts", "students:moves", page="students:moves", label=_("Students who change their school")
)
panels.add_panel(
    "center.callouts",
    "students:number_clashes",
    page="students:number_clashes",
    label=_("Document numbers of two schools"),
)


@student_limits.registers_choices
def limit_choices(school: Any) -> student_limits.Choices:
    """The colleges and classes on the school's rosters of all seasons."""
    with school_scope(school):
        rows = Student.objects.filter(school=school).order_by("college", "class_name")
        pairs = list(rows.values_list("college", "class_name").distinct())
    classes = [(college, [name for _c, name in group]) for college, group in groupby(pairs, key=itemgetter(0))]
    return student_limits.Choices([college for college, _names in classes if college], classes)


@receiver(language.chosen_by_switch)
def remember_language(request: Any, language: str, **_signal: Any) -> None:
    """Store the language for later notifications to the student."""
    student = student_access.session_student(request)
    if student is not None:
        with school_scope(student.school):
            Student.objects.filter(pk=student.pk).update(language=language)


retention.register(
    "student_sessions",
    _("Sessions of students that are over"),
    setting="KEEP_SESSIONS_DAYS",
    due=lambda before: StudentSession.objects.filter(begun_at__lt=before).count(),
    delete=lambda before: StudentSession.objects.filter(begun_at__lt=before).delete()[0],
)
retention.register(
    "numbers",
    _("Document numbers, from the season's closing on"),
    setting="KEEP_NUMBERS_DAYS",
    due=lambda before: id_number_retention.due(before).count(),
    delete=id_number_retention.delete,
)
retention.register(
    "evidence",
    _("Evidence of corrections, from the decision on"),
    setting="KEEP_EVIDENCE_DAYS",
    due=lambda before: correction_evidence.older_than(before).count(),
    delete=correction_evidence.delete,
)
retention.register(
    "rosters",
    _("Uploaded rosters"),
    setting="KEEP_ROSTERS_DAYS",
    due=lambda before: roster_imports.files_older_than(before).count(),
    delete=lambda before: roster_imports.purge_files(older_than=before),
)


def _read_progress(season: Season) -> dict[int, progress.SchoolProgress]:
    return {row.school.pk: row for row in progress.school_progress(season)}


def _students_url(school: School, step: str = "") -> str:
    address = f"{reverse('students:center_students')}?school_id={school.pk}"
    return f"{address}&step={step}" if step else address


columns.register(
    "students",
    read=_read_progress,
    empty=None,  # every school that takes part is in the answer
    columns=[
        Column(
            "captured",
            _("Captured"),
            lambda row: row.counts.captured,
            kind="share",
            whole=lambda row: row.size,
            link=lambda school, _row: _students_url(school, "captured"),
        ),
        Column("behind", _("Behind schedule"), lambda row: row.behind),
        Column(
            "pace",
            _("Needed per day"),
            lambda row: row.pace,
            link=lambda school, _row: _students_url(school, "todo"),
        ),
    ],
    filters=[
        Choices(
            "plan",
            _("Plan"),
            {
                "late": (_("Far behind plan"), lambda row: row.is_late),
                "behind": (_("Behind schedule"), lambda row: row.behind > 0),
                "done": (_("All captured"), lambda row: 0 < row.size == row.counts.captured),
                "empty": (_("No roster"), lambda row: row.counts.total == 0),
            },
        )
    ],
    may="students.see",
    order=10,
)
unfinished.register(
    _("Corrections that are not decided"),
    lambda season: corrections.of_season(season).filter(status__in=Correction.UNDECIDED).count(),
    "proofing:center_corrections",
    order=25,
)
unfinished.register(
    _("Students without a photo"),
    lambda season: progress.total_of(season, Student.Stage.WAITING),
    "students:center_students",
    query="stage=waiting",
    order=10,
)
