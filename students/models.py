"""The roster: one row a graduate and season, its imports and its corrections."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.database.counters import Counts
from portal.database.scope import EVERY_SCHOOL, DatabaseRole, deleted_by
from portal.formatting import mask
from portal.models import Counter, Job, User
from portal.security import encryption
from portal.tenancy import TenantModel
from schools.models import Enrolment, Season
from students.identity import id_encryption
from students.lists.pinyin import SpellingField


class Student(TenantModel):
    """A graduate in a season. `stage` sums up photo, proof and print for lists and dashboards."""

    path_to_student = ""
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)

    class Gender(models.TextChoices):
        MALE = "male", _("Male")
        FEMALE = "female", _("Female")

    class IdType(models.TextChoices):
        RESIDENT = "resident", _("Resident identity card")
        HMT_PERMIT = "hmt_permit", _("Residence permit for Hong Kong, Macao and Taiwan")
        PASSPORT = "passport", _("Passport")
        OTHER = "other", _("Other document")
        # Of whom the product has no document number: the number that the registry gives (students.without_list).
        REGISTRY = "registry", _("Number at the registry")

    # What a person may choose.
    DOCUMENTS = [choice for choice in IdType.choices if choice[0] != "registry"]

    ERASED_NUMBER = "erased-"  # begins the student number of an erased row
    ENDED_WHEN = f"{{row}}.student_no LIKE '{ERASED_NUMBER}%'"
    ENDED_KEEPS = ("student_no", "name", "gender", "level", "college", "major", "class_name", "phone", "email")

    class Stage(models.TextChoices):
        WAITING = "waiting", _("Not photographed")
        CHECKING = "checking", _("Being checked")
        RETAKE = "retake", _("To be retaken")
        READY = "ready", _("To be submitted")
        REVIEW = "review", _("In review")
        APPROVED = "approved", _("Approved")
        PROOFED = "proofed", _("Proofread")
        PRINTED = "printed", _("Printed")
        DELIVERED = "delivered", _("Delivered")
        LEFT = "left", _("Left the school")

    class FeeState(models.TextChoices):
        UNPAID = "unpaid", _("Unpaid")
        PAID = "paid", _("Paid")
        BY_SCHOOL = "by_school", _("Paid by the school")
        WAIVED = "waived", _("Fee waived")

    # The school pays nothing for students in these states.
    NOT_BILLED = (FeeState.PAID, FeeState.WAIVED)

    STATE_FIELD = "stage"
    # approved and retake -> review: a reviewer takes the last decision back.
    TRANSITIONS = {
        # left: not in the school's new roster, or moved to another school (students.moving)
        Stage.WAITING: {Stage.CHECKING, Stage.LEFT},
        Stage.CHECKING: {Stage.RETAKE, Stage.READY, Stage.REVIEW, Stage.CHECKING},
        Stage.RETAKE: {Stage.CHECKING, Stage.REVIEW, Stage.LEFT},
        Stage.READY: {Stage.REVIEW, Stage.CHECKING, Stage.RETAKE, Stage.LEFT},
        Stage.REVIEW: {Stage.APPROVED, Stage.RETAKE, Stage.LEFT},
        Stage.APPROVED: {Stage.RETAKE, Stage.PROOFED, Stage.REVIEW, Stage.LEFT},
        Stage.PROOFED: {Stage.RETAKE, Stage.APPROVED, Stage.PRINTED, Stage.LEFT},
        # printed, delivered -> proofed: what stands on the sheet was corrected, it is printed again
        Stage.PRINTED: {Stage.DELIVERED, Stage.PROOFED},
        Stage.DELIVERED: {Stage.PROOFED},
        Stage.LEFT: {Stage.WAITING},  # the student is on the school's roster again
    }
    # Photographed (实拍): the school pays for students in these stages.
    CAPTURED = (Stage.REVIEW, Stage.APPROVED, Stage.PROOFED, Stage.PRINTED, Stage.DELIVERED)

    # No index of their own: both are the first column of an index below.
    school = models.ForeignKey("schools.School", on_delete=models.PROTECT, related_name="+", db_index=False)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="students", db_index=False)
    student_no = models.CharField(_("student number"), max_length=32, db_collation="C")
    name = models.CharField(_("name"), max_length=60)
    id_type = models.CharField(_("document type"), max_length=12, choices=IdType, default=IdType.RESIDENT)
    id_sealed = models.BinaryField(_("document number (encrypted)"))
    id_hash = models.CharField(max_length=70)  # id_encryption.digest
    # The document number in stars, as the registry says it, of a student who appeared by a capture code.
    id_masked = models.CharField(max_length=40, blank=True, default="", db_default="")
    # Of id_encryption.tail_bucket; none once the number is deleted.
    id_tail = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    gender = models.CharField(_("gender"), max_length=6, choices=Gender, blank=True)
    level = models.CharField(_("level"), max_length=20, blank=True)
    college = models.CharField(_("college"), max_length=60, blank=True, db_collation="C")
    major = models.CharField(_("major"), max_length=60, db_collation="C")
    class_name = models.CharField(_("class"), max_length=60, db_collation="C")
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    pinyin = SpellingField()
    initials = SpellingField(initials=True)
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.WAITING)
    fee_state = models.CharField(_("fee"), max_length=10, choices=FeeState, default=FeeState.UNPAID)
    locked_at = models.DateTimeField(_("locked"), null=True, blank=True)
    lock_reason = models.CharField(_("reason of the lock"), max_length=200, blank=True)
    # Id of the RosterImport that created the student. It stands for an event for each new student.
    # It is no foreign key: its checks would take a tenth of the time of an import.
    import_no = models.PositiveBigIntegerField(_("import no."), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("college", "major", "class_name", "student_no")
        constraints = [
            models.UniqueConstraint(fields=("season", "school", "student_no"), name="one_student_no"),
            models.UniqueConstraint(fields=("season", "id_hash"), name="one_id_a_season"),
        ]
        indexes = [
            models.Index(fields=("season", "school", "stage", "fee_state"), name="student_progress"),
            models.Index(
                fields=("school", "season", "college", "major", "class_name", "student_no"),
                include=("stage", "fee_state"),
                name="student_order",
            ),
            models.Index(
                fields=("school", "season", "name"),
                name="student_name",
                opclasses=("int8_ops", "int8_ops", "varchar_pattern_ops"),
            ),
            models.Index(fields=("school", "season", "pinyin"), name="student_pinyin"),
            models.Index(fields=("season", "pinyin"), name="student_pinyin_of_all"),
            models.Index(fields=("school", "season", "initials"), name="student_initials"),
            models.Index(fields=("season", "id_tail", "school"), name="student_id_tail"),
            models.Index(fields=("season", "phone"), name="student_phone", condition=~models.Q(phone="")),
            models.Index(
                fields=("season", "school"), name="student_locked", condition=models.Q(locked_at__isnull=False)
            ),
        ]
        verbose_name = _("student")
        verbose_name_plural = _("students")

    def __str__(self) -> str:
        return f"{self.student_no} {self.name}"

    @property
    def actor_key(self) -> str:
        return f"student:{self.pk}"

    @property
    def actor_name(self) -> str:
        """Empty: the history keeps the key, so that a student who is erased has no name there."""
        return ""

    @property
    def id_number(self) -> str:
        """In clear; empty once it is deleted. To show it to a person, call `students.records.reveal_id_number`."""
        if not self.id_sealed:
            return ""
        return encryption.decrypt(self.id_sealed, self._place)

    @id_number.setter
    def id_number(self, number: str) -> None:
        number = id_encryption.normalise(number)
        self.id_sealed, self.id_hash = encryption.encrypt(number, self._place), id_encryption.digest(number)
        self.id_tail = id_encryption.tail_bucket(number, season_id=self.season_id)

    @property
    def _place(self) -> encryption.Place:
        """A change of one of these three needs the number to be set again."""
        return id_encryption.student_place(
            season_id=self.season_id, school_id=self.school_id, student_no=self.student_no
        )

    @property
    def masked_id(self) -> str:
        """The document number in stars, for lists: one that cannot be read does not take the page away."""
        if not self.id_sealed:
            return gettext("Deleted")
        if self.appeared_by_code:
            return self.id_masked
        try:
            return mask(self.id_number)
        except encryption.Unreadable:
            return gettext("Unreadable")

    @property
    def printed_number(self) -> str:
        """The document number as it stands on prints: in stars where nothing else is known."""
        return self.id_masked if self.appeared_by_code else self.id_number

    def has_number_of(self, other: "Student") -> bool:
        """Whether both have the same document number, whatever the keys that wrote them."""
        return self.id_hash == other.id_hash or (
            self.id_hash.partition(":")[0] != other.id_hash.partition(":")[0] and self.id_number == other.id_number
        )

    @property
    def appeared_by_code(self) -> bool:
        """Whether the school has handed over no list: `id_number` is then the registry's number of the student, name and
        document number are known in stars only."""
        return self.id_type == self.IdType.REGISTRY

    @property
    def document_label(self) -> str:
        """What `masked_id` is the number of."""
        return gettext("Document number") if self.appeared_by_code else self.get_id_type_display()

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None

    @property
    def is_erased(self) -> bool:
        return self.student_no.startswith(self.ERASED_NUMBER)

    def must_pay(self, enrolment: Enrolment) -> bool:
        """Whether this student has to pay before handing the photo in."""
        return enrolment.payment_mode == Enrolment.PaymentMode.STUDENT and self.fee_state == self.FeeState.UNPAID


class CatalogueClass(TenantModel):
    """A class that students of a school choose when they appear by their capture codes. No personal data."""

    path_to_student = ""
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    college = models.CharField(_("college"), max_length=60, blank=True, db_collation="C")
    major = models.CharField(_("major"), max_length=60, db_collation="C")
    class_name = models.CharField(_("class"), max_length=60, db_collation="C")
    level = models.CharField(_("level"), max_length=20, blank=True)

    class Meta:
        ordering = ("college", "major", "class_name")
        constraints = [
            models.UniqueConstraint(
                fields=("season", "school", "college", "major", "class_name"), name="one_class_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.college, self.major, self.class_name)))


class Appearance(TenantModel):
    """A student who was on no list appeared by a capture code, and what the school said to it."""

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    NO_ROWS_OF_ENDED = ("student",)

    class Status(models.TextChoices):
        WAITING = "waiting", _("To be confirmed")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Not confirmed")

    # refused -> waiting: the student has chosen again; confirmed -> refused: it was seen to be wrong.
    TRANSITIONS = {
        Status.WAITING: {Status.CONFIRMED, Status.REFUSED},
        Status.CONFIRMED: {Status.REFUSED},
        Status.REFUSED: {Status.WAITING},
    }

    student = models.OneToOneField(Student, on_delete=models.CASCADE, related_name="appearance")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.WAITING)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    appeared_at = models.DateTimeField(_("appeared"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("appeared_at", "id")
        indexes = [models.Index(fields=("season", "school", "status"), name="appearance_state")]

    def __str__(self) -> str:
        return f"{self.student} {self.status}"

    @property
    def history_name(self) -> str:
        return str(self.student)


class StudentsByStage(Counter):
    """How many students of a school are at which stage, with which fee."""

    COUNTS = Counts(of="students.Student", by={"stage": "own.stage", "fee_state": "own.fee_state"})

    stage = models.CharField(max_length=10, choices=Student.Stage)
    fee_state = models.CharField(max_length=10, choices=Student.FeeState)


class StudentsByClass(Counter):
    """The same by college, major and class; whoever is limited to some of them sees theirs."""

    path_to_student = ""  # its columns have the names of the student's
    COUNTS = Counts(
        of="students.Student",
        by={name: f"own.{name}" for name in ("college", "major", "class_name", "stage", "fee_state")},
    )

    college = models.CharField(max_length=60, db_collation="C")
    major = models.CharField(max_length=60, db_collation="C")
    class_name = models.CharField(max_length=60, db_collation="C")
    stage = models.CharField(max_length=10, choices=Student.Stage)
    fee_state = models.CharField(max_length=10, choices=Student.FeeState)

    class Meta:
        indexes = [models.Index(fields=("school", "season"), name="students_by_class")]


def bundle_path(bundle: "RosterBundle", filename: str) -> str:
    return f"rosters/center/{uuid.uuid4().hex}/{filename}"


class RosterBundle(models.Model):
    """One workbook of the center for several schools. A job divides it into a RosterImport a school."""

    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}  # no school sees it

    class Status(models.TextChoices):
        READING = "reading", _("Being divided")
        DIVIDED = "divided", _("Divided")
        REFUSED = "refused", _("Refused")

    TRANSITIONS = {
        Status.READING: {Status.DIVIDED, Status.REFUSED},
        Status.DIVIDED: set(),
        Status.REFUSED: set(),
    }

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.READING)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    file = models.FileField(upload_to=bundle_path, blank=True)  # until it is divided
    file_size = models.PositiveIntegerField(_("size"), default=0)  # bytes, encrypted
    filename = models.CharField(_("file"), max_length=120)
    report = models.JSONField(default=dict, blank=True)  # of students.roster.bundles; no data of students
    message = models.TextField(_("message"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.filename


def roster_path(roster: "RosterImport", filename: str) -> str:
    return f"rosters/{roster.school_id}/{uuid.uuid4().hex}/{filename}"


class RosterImport(TenantModel):
    """One uploaded roster: read, shown as a preview, then confirmed or dropped."""

    SEALED = ("excerpt", "changes", "checked")  # large, of the file, and deleted with it

    class Status(models.TextChoices):
        READING = "reading", _("Being read")
        HEADINGS = "headings", _("Columns to be assigned")
        PREVIEW = "preview", _("To be confirmed")
        REFUSED = "refused", _("Refused")
        APPLYING = "applying", _("Being imported")
        DONE = "done", _("Imported")
        DROPPED = "dropped", _("Dropped")
        CANCELLED = "cancelled", _("Cancelled")

    TRANSITIONS = {
        # dropped: by a newer file; cancelled: by a person, while a worker reads or writes
        Status.READING: {Status.PREVIEW, Status.HEADINGS, Status.REFUSED, Status.DROPPED, Status.CANCELLED},
        Status.HEADINGS: {Status.READING, Status.DROPPED},
        Status.PREVIEW: {Status.APPLYING, Status.READING, Status.DROPPED},
        Status.APPLYING: {Status.DONE, Status.PREVIEW, Status.REFUSED, Status.CANCELLED},
        Status.REFUSED: set(),
        Status.DONE: set(),
        Status.DROPPED: set(),
        Status.CANCELLED: set(),
    }

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    # Where the center uploaded it for several schools.
    bundle = models.ForeignKey(RosterBundle, null=True, blank=True, on_delete=models.PROTECT, related_name="imports")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.READING)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    file = models.FileField(upload_to=roster_path)
    file_size = models.PositiveIntegerField(_("size"), default=0)  # bytes, encrypted
    filename = models.CharField(_("file"), max_length=120)
    # What the pages show of the file, encrypted: see `students.roster.excerpt`. It is deleted with the file.
    excerpt = models.BinaryField(default=b"", blank=True)
    # What the file changes, student by student, encrypted: see `students.roster.changes`. Deleted with the file.
    changes = models.BinaryField(default=b"", blank=True)
    # Its right rows, checked, until they are written, encrypted: see `students.roster.checked_rows`. Deleted with the file.
    checked = models.BinaryField(default=b"", blank=True)
    # Whether students who are not in the file and have neither photo nor payment are marked as having left.
    marks_left = models.BooleanField(default=False)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    wrong = models.PositiveIntegerField(_("wrong"), default=0)
    # JSON of `students.roster.headings.Assignment`: what was known of the school's headings at the upload,
    # and what was assigned since.
    assigned = models.JSONField(default=dict, blank=True)
    # JSON of `students.roster.importer.Plan.report`. It never holds a document number.
    report = models.JSONField(default=dict, blank=True)
    message = models.TextField(_("message"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.filename


class RosterHeading(TenantModel):
    """What a heading means in the rosters of a school, of every season, because somebody has said so.

    Only what the import does not know by itself. `heading` is a key of `students.roster.headings.keys_of`,
    `label` what was typed; without a `field` the column is not imported.
    """

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)

    heading = models.CharField(max_length=60)
    label = models.CharField(_("heading"), max_length=60)
    field = models.CharField(_("column"), max_length=12, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("label",)
        constraints = [models.UniqueConstraint(fields=("school", "heading"), name="one_meaning_of_a_heading")]

    def __str__(self) -> str:
        return self.label


def evidence_path(correction: "Correction", filename: str) -> str:
    return f"evidence/{correction.school_id}/{uuid.uuid4().hex}/{filename}"


class Correction(TenantModel):
    """One field of a student's data that is said to be wrong, or the portrait.

    Who the student is (TWO_PERSONS) needs evidence, a first person who checks and a second one who accepts. Only
    `students.correcting.corrections` changes the state.
    """

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)  # with their student
    NO_ROWS_OF_ENDED = ("student",)

    class Status(models.TextChoices):
        OPEN = "open", _("To be checked")
        CHECKED = "checked", _("For a second person")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Field(models.TextChoices):
        NAME = "name", _("Name")
        ID_NUMBER = "id_number", _("Document number")
        GENDER = "gender", _("Gender")
        STUDENT_NO = "student_no", _("Student number")
        COLLEGE = "college", _("College")
        MAJOR = "major", _("Major")
        CLASS = "class_name", _("Class")
        PORTRAIT = "portrait", _("Portrait")

    class Source(models.TextChoices):
        STUDENT = "student", _("Student")
        SCHOOL = "school", _("School")
        CENTER = "center", _("Center")

    TRANSITIONS = {
        # open -> accepted: the fields that one person decides
        Status.OPEN: {Status.CHECKED, Status.ACCEPTED, Status.DECLINED, Status.WITHDRAWN},
        Status.CHECKED: {Status.ACCEPTED, Status.DECLINED, Status.WITHDRAWN},
        Status.ACCEPTED: set(),
        Status.DECLINED: set(),
        Status.WITHDRAWN: set(),
    }
    UNDECIDED = (Status.OPEN, Status.CHECKED)
    TWO_PERSONS = (Field.NAME, Field.ID_NUMBER, Field.GENDER)

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="corrections")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.OPEN)
    field = models.CharField(_("what is wrong"), max_length=12, choices=Field)
    # A document number is stored in `wanted_sealed`, encrypted; `wanted` is then empty.
    wanted = models.CharField(_("right value"), max_length=60, blank=True)
    wanted_sealed = models.BinaryField(null=True, blank=True)
    # Of the document number: its type, where that is wrong too.
    wanted_type = models.CharField(_("document type"), max_length=12, choices=Student.IdType, blank=True)
    explanation = models.CharField(_("explanation"), max_length=300, blank=True)
    source = models.CharField(_("opened by"), max_length=7, choices=Source, default=Source.STUDENT)
    opened_by_name = models.CharField(max_length=80, blank=True)  # of the staff; empty for the student
    # A picture of the document, encrypted: see `proofing.evidence`.
    evidence = models.FileField(upload_to=evidence_path, blank=True)
    evidence_size = models.PositiveIntegerField(_("size"), default=0)  # bytes, encrypted
    evidence_at = models.DateTimeField(null=True, blank=True)  # stays when the picture is deleted
    checked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    checked_by_name = models.CharField(max_length=80, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    decided_by_name = models.CharField(max_length=80, blank=True)
    # Accepted after the student's sheet had been printed, and what stands on the sheet has changed.
    to_print_again = models.BooleanField(default=False)
    printed_again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("student", "field"),
                condition=models.Q(status__in=("open", "checked")),
                name="one_undecided_correction_a_field",
            ),
            # The names of the two stay when an account is deleted.
            models.CheckConstraint(
                condition=~models.Q(status="accepted", field__in=("name", "id_number", "gender"))
                | (models.Q(checked_at__isnull=False) & ~models.Q(checked_by=models.F("decided_by"))),
                name="two_persons_accept_who_a_student_is",
            ),
        ]
        indexes = [
            models.Index(
                fields=("school", "created_at"),
                name="correction_undecided",
                condition=models.Q(status__in=("open", "checked")),
            ),
            models.Index(
                fields=("school", "student"),
                name="correction_to_print_again",
                condition=models.Q(to_print_again=True, printed_again_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()}: {self.student}"

    @property
    def history_name(self) -> str:
        return str(self.student)

    @property
    def needs_two(self) -> bool:
        return self.field in self.TWO_PERSONS

    @property
    def is_undecided(self) -> bool:
        return self.status in self.UNDECIDED

    @property
    def waits_for_print(self) -> bool:
        return self.to_print_again and self.printed_again_at is None


class SchoolChange(TenantModel):
    """A student whom another school asks for. `school` is the one that asks; `student` is still at `giving`.

    Only `students.moving.school_changes` changes its state.
    """

    SEES_OTHER_SCHOOLS = ("student",)

    class Status(models.TextChoices):
        ASKED = "asked", _("To be decided")
        MOVING = "moving", _("Being moved")
        FAILED = "failed", _("Could not be moved")
        MOVED = "moved", _("Moved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    TRANSITIONS = {
        Status.ASKED: {Status.MOVING, Status.REFUSED, Status.WITHDRAWN},
        Status.MOVING: {Status.MOVED, Status.FAILED},
        Status.FAILED: {Status.MOVING, Status.REFUSED, Status.WITHDRAWN},
        Status.MOVED: set(),
        Status.REFUSED: set(),
        Status.WITHDRAWN: set(),
    }
    TO_DECIDE = (Status.ASKED, Status.FAILED)
    OPEN = (*TO_DECIDE, Status.MOVING)

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    giving = models.ForeignKey("schools.School", on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey(Student, null=True, on_delete=models.SET_NULL, related_name="+")
    moved_to = models.ForeignKey(Student, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.ASKED)
    # As the student is on the roster of the school that asks.
    student_no = models.CharField(_("student number"), max_length=32)
    name = models.CharField(_("name"), max_length=60)
    level = models.CharField(_("level"), max_length=20, blank=True)
    college = models.CharField(_("college"), max_length=60, blank=True)
    major = models.CharField(_("major"), max_length=60)
    class_name = models.CharField(_("class"), max_length=60)
    student_no_before = models.CharField(max_length=32, blank=True)  # at the school before, once moved
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    told = models.JSONField(default=dict, blank=True)  # what became of photo, fee and proof
    asked_by_name = models.CharField(max_length=80)
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    decided_by_name = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    moved_at = models.DateTimeField(_("moved"), null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("change of school")
        verbose_name_plural = _("changes of school")

    def __str__(self) -> str:
        return f"{self.student_no} {self.name}"


class StudentSession(TenantModel):
    """A browser or a mini program in which a student is signed in. Signing out deletes the row."""

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    NO_ROWS_OF_ENDED = ("student",)

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="sessions")
    token_hash = models.CharField(max_length=64, null=True, unique=True)  # SHA-256; none for a browser
    begun_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()
    # The way by which the student was recognised, and what stands behind it: words of capture.sign_in.
    recognised_by = models.CharField(max_length=20, blank=True)
    strength = models.CharField(max_length=10, blank=True)

    class Meta:
        indexes = [models.Index(fields=("begun_at",), name="student_session_by_time")]

    def __str__(self) -> str:
        return f"{self.student_id} {self.begun_at}"
