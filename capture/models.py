"""Photos: one row an attempt, its findings, the student's consent, the school's stations."""

import datetime as dt
import uuid
from pathlib import PurePosixPath
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import student_limits
from portal.database.counters import Counts, Parent
from portal.database.scope import DatabaseRole, deleted_by
from portal.models import Claimable, Counter, Job, TenantClaimableQuerySet, User
from portal.tenancy import TenantModel, scoped_manager
from schools.models import Season
from students.models import Student

IMPRINT_BITS = 512  # as of vision.likeness.imprint


def original_path(photo: "Photo", filename: str) -> str:
    return f"originals/{photo.school_id}/{uuid.uuid4().hex}.jpg"


def admission_part_path(part: "AdmissionPart", filename: str) -> str:
    return f"admission-uploads/{part.school_id}/{uuid.uuid4().hex}"


def admission_photo_path(photo: "AdmissionPhoto", filename: str) -> str:
    return f"admission-photos/{photo.school_id}/{uuid.uuid4().hex}"


def film_path(film: "Film", filename: str) -> str:
    return f"films/{film.school_id}/{uuid.uuid4().hex}"


def portrait_path(photo: "Photo", filename: str) -> str:
    return f"portraits/{photo.school_id}/{uuid.uuid4().hex}.jpg"


class ConsentText(models.Model):
    """The words that students have agreed to, kept once. Never changed: their hash is their key."""

    IS_APPEND_ONLY = True
    DATABASE_RIGHTS = {DatabaseRole.SCHOOL: {"INSERT"}}

    sha256 = models.CharField(max_length=64, unique=True)
    words = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class Consent(TenantModel):
    """The student's agreement to the use of the portrait: to which words, with which ticks, from when
    to when. See capture.sign_in.consent."""

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)  # with their student
    NO_ROWS_OF_ENDED = ("student",)

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="consents")
    version = models.CharField(max_length=20)
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    face_comparison = models.BooleanField(_("comparison of faces"), default=False)
    # The face with the admission photo, and with those of the school's other students.
    admission_comparison = models.BooleanField(_("comparison with the admission photo"), default=False)
    # A few small frames of the second before the shutter.
    film = models.BooleanField(_("film before the shutter"), default=False)
    printing = models.BooleanField(_("printing house"), default=False)
    guardian_name = models.CharField(_("parent or guardian"), max_length=60, blank=True)
    station = models.CharField(
        _("ticked at the station"), max_length=60, blank=True
    )  # its name; empty: on an own device
    agreed_at = models.DateTimeField(_("agreed"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("student",), condition=Q(ended_at=None), name="one_consent_in_force")
        ]

    def __str__(self) -> str:
        return f"{self.student} {self.version}"


class RegistryCode(TenantModel):
    """The registry's number of a student, as a keyed hash: one number is one student of a season (capture.sign_in)."""

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    NO_ROWS_OF_ENDED = ("student",)

    student = models.OneToOneField(Student, on_delete=models.CASCADE, related_name="+")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    number_hash = models.CharField(max_length=70)
    bound_at = models.DateTimeField(_("first used"), auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("season", "number_hash"), name="one_student_a_registry_number")]

    def __str__(self) -> str:
        return f"{self.student_id} {self.bound_at}"


class WeChatBinding(TenantModel):
    """The WeChat that signs a student in with one tap: an openid at one of our accounts, as a keyed hash.

    One openid is one student of a season; a person of school or center unlinks it (capture.sign_in.wechat_binding).
    """

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    NO_ROWS_OF_ENDED = ("student",)

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="+", db_index=False)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=20)  # of portal.notifications.channels: whose openid it is
    openid_hash = models.CharField(max_length=70)
    bound_at = models.DateTimeField(_("linked"), auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("season", "channel", "openid_hash"), name="one_student_an_openid"),
            models.UniqueConstraint(fields=("student", "channel"), name="one_openid_a_student"),
        ]

    def __str__(self) -> str:
        return f"{self.student_id} {self.channel}"


class RealNameCount(models.Model):
    """How often a real-name service was asked on a day of a season, and what it cost. No student stands in it."""

    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"INSERT", "UPDATE"}}  # who signs in is of no school yet

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    service = models.CharField(max_length=20)  # of capture.sign_in.real_name
    checks = models.PositiveIntegerField(default=0)  # name and number
    faces = models.PositiveIntegerField(default=0)  # a live face was begun
    passed = models.PositiveIntegerField(default=0)
    denied = models.PositiveIntegerField(default=0)
    silent = models.PositiveIntegerField(default=0)  # no answer, or none about the person
    cost_fen = models.PositiveBigIntegerField(default=0)
    # When the center was told that the service is used up for the day, and that it does not answer.
    used_up_told_at = models.DateTimeField(null=True, blank=True)
    silent_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("season", "service", "day"), name="one_count_a_service_and_day")]

    def __str__(self) -> str:
        return f"{self.service} {self.day}"

    @property
    def asked(self) -> int:
        return self.checks + self.faces


class Station(TenantModel):
    """A fixed place where the school photographs: with soft light and somebody who helps."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    place = models.CharField(_("place"), max_length=120)
    opens_at = models.TimeField(_("opens at"), default=dt.time(8))
    closes_at = models.TimeField(_("closes at"), default=dt.time(18))
    break_from = models.TimeField(_("break from"), null=True, blank=True)
    break_to = models.TimeField(_("break to"), null=True, blank=True)
    on_days_off = models.BooleanField(_("open on days off, too"), default=False)
    per_hour = models.PositiveSmallIntegerField(
        _("students an hour"), default=30, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    has_soft_light = models.BooleanField(_("soft light"), default=False)
    helper = models.CharField(_("helpers"), max_length=120, blank=True)
    remarks = models.CharField(_("remarks"), max_length=200, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                name="station_hours_in_order",
                condition=Q(break_from=None, break_to=None, opens_at__lt=models.F("closes_at"))
                | Q(
                    opens_at__lt=models.F("break_from"),
                    break_from__lt=models.F("break_to"),
                    break_to__lt=models.F("closes_at"),
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hours(self) -> str:
        """One sentence: the days of the week and the hours."""
        times = [self.opens_at, self.break_from, self.break_to, self.closes_at]
        known = [f"{time:%H:%M}" for time in times if time]
        hours = ", ".join(map("–".join, zip(known[::2], known[1::2], strict=True)))
        return (gettext("Daily %s") if self.on_days_off else gettext("On working days %s")) % hours


class StationSession(TenantModel):
    """A tablet or computer that a helper signed in at a station. It opens the pages of the station and no others."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.SYSTEM)

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="+")
    helper = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    begun_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.station} {self.begun_at}"


class Slot(TenantModel):
    """When a class, or a part of it, comes to a station."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="slots")
    college = models.CharField(_("college"), max_length=60, blank=True)
    class_name = models.CharField(_("class"), max_length=60)
    # Of a part: the student numbers from which to which, both included; empty: the whole class.
    first_no = models.CharField(max_length=40, blank=True)
    last_no = models.CharField(max_length=40, blank=True)
    students = models.PositiveIntegerField(_("students"))  # to photograph when it was planned
    day = models.DateField(_("day"))
    starts_at = models.TimeField(_("begins at"))
    ends_at = models.TimeField(_("ends at"))
    by_hand = models.BooleanField(default=False)  # stays when the plan is made anew

    class Meta:
        ordering = ("day", "starts_at", "station__name")
        indexes = [models.Index(fields=("school", "season", "college", "class_name"), name="slots_of_class")]
        constraints = [
            models.CheckConstraint(name="slot_ends_after_start", condition=Q(ends_at__gt=models.F("starts_at")))
        ]

    def __str__(self) -> str:
        return f"{self.class_name} {self.day} {self.hours}"

    @property
    def hours(self) -> str:
        return f"{self.starts_at:%H:%M}–{self.ends_at:%H:%M}"


class LimitSet(models.Model):
    """The limits of the photo rules in one season, in force from `made_at` until the next number is
    made.

    Sets are only appended: a trigger in the database refuses UPDATE and DELETE. So each verdict can
    be explained by the set that it was made under.
    """

    IS_APPEND_ONLY = True

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="limit_sets")
    number = models.PositiveIntegerField(_("number"))
    # {rule: {limit: value}} where it differs from `vision.DEFAULTS`; None as a value switches the
    # limit off.
    changes = models.JSONField(_("differs from the defaults"), default=dict, blank=True)
    approves_green = models.BooleanField(_("approve green photos automatically"), default=False)
    rejects_red = models.BooleanField(_("reject red photos automatically"), default=True)
    reason = models.CharField(_("reason"), max_length=300)
    made_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        ordering = ("-season__year", "-number")
        constraints = [models.UniqueConstraint(fields=("season", "number"), name="one_limit_set_a_number")]
        verbose_name = _("set of limits")
        verbose_name_plural = _("sets of limits")

    def __str__(self) -> str:
        return f"{self.season} {self.number}"


class Photo(Claimable, TenantModel):
    """One attempt of a student. The original is never changed; the portrait is made from it."""

    path_to_student = "student"
    NO_ROWS_OF_ENDED = ("student",)

    class Status(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        REJECTED = "rejected", _("Not accepted")
        READY = "ready", _("To be submitted")
        SUBMITTED = "submitted", _("In review")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")
        FAILED = "failed", _("Could not be judged")

    # The search for the same picture writes both sides (capture.judging.likeness).
    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"UPDATE"}}
    # approved and returned -> submitted: a reviewer takes the last decision back
    # (decisions.undo_last_decision). failed: the worker stopped twice while it judged the photo;
    # staff have it judged once more, or the student retakes. rejected -> checking: under changed
    # limits the photo is not rejected any more (rejudge), or its student appeals; then checking ->
    # submitted, as soon as a worker has made what portrait can be made (appeals).
    TRANSITIONS = {
        Status.CHECKING: {Status.REJECTED, Status.READY, Status.SUBMITTED, Status.FAILED, Status.WITHDRAWN},
        Status.READY: {Status.SUBMITTED, Status.WITHDRAWN},
        Status.SUBMITTED: {Status.APPROVED, Status.RETURNED},
        Status.APPROVED: {Status.RETURNED, Status.SUBMITTED},
        Status.RETURNED: {Status.SUBMITTED},
        Status.FAILED: {Status.CHECKING},
        Status.REJECTED: {Status.CHECKING},
        Status.WITHDRAWN: set(),
    }
    DECIDED = (Status.APPROVED, Status.RETURNED)
    UNPASSED = (Status.REJECTED, Status.CHECKING, Status.FAILED)  # not accepted by the automatic check, or not yet
    WAITING = CLAIMED = Status.CHECKING
    CLAIM_SECONDS = 30  # a check takes a second, so its claim ends sooner than the claim of a long job

    class Origin(models.TextChoices):
        CAMERA = "camera", _("Camera")
        FILE = "file", _("File")
        STATION = "station", _("Station")

    class Appeal(models.TextChoices):
        """Why a student asks for a person's look at a rejected photo."""

        APPEARANCE = "appearance", _("This is how I look")
        WORN = "worn", _("I wear something that I cannot take off")
        PLACE = "place", _("I have no better light, wall or camera")
        WRONG = "wrong", _("The reason given is not true of my photo")
        OTHER = "other", _("Another reason")

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="photos")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)  # photo_day
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.CHECKING)
    is_current = models.BooleanField(default=True)
    # A copy of it went with the student to another school (capture.upload.moved_photos) and is counted and listed there.
    is_moved = models.BooleanField(default=False)
    origin = models.CharField(max_length=7, choices=Origin, default=Origin.CAMERA)
    # The photo as it was sent, as an upright sRGB JPEG without metadata.
    original = models.FileField(upload_to=original_path, blank=True)
    original_size = models.PositiveIntegerField(default=0)  # the sizes of files are in bytes
    # A smaller copy of the original, for phones and the review page.
    preview = models.FileField(upload_to=original_path, blank=True)
    preview_size = models.PositiveIntegerField(default=0)
    portrait = models.FileField(upload_to=portrait_path, blank=True)
    portrait_size = models.PositiveIntegerField(default=0)
    thumbnail = models.FileField(upload_to=portrait_path, blank=True)
    thumbnail_size = models.PositiveIntegerField(default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    # The original lay on its side or its head, and was replaced by an upright one.
    is_turned = models.BooleanField(default=False)
    engine = models.CharField(max_length=20, blank=True)
    # The limits that it was judged under; none: the defaults. No index: no query searches by it
    # alone.
    limit_set = models.ForeignKey(
        LimitSet, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=6, blank=True)  # green, amber, red
    measures = models.JSONField(default=dict, blank=True)
    # {rule: "warn" or "off"}: how the student's exemption changed the verdict (capture.judging.excuses).
    excuses = models.JSONField(default=dict, blank=True)
    geometry = models.JSONField(default=dict, blank=True)
    # The background of the portrait; empty without a portrait.
    background = models.CharField(_("background"), max_length=8, choices=Season.Background, blank=True)
    token = models.UUIDField(default=uuid.uuid4)  # from the upload form: a form that is sent twice makes one photo
    taken_at = models.DateTimeField(_("taken"), default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True)
    compared_at = models.DateTimeField(null=True, blank=True)  # with the pictures of all others (likeness)
    face_compared_at = models.DateTimeField(null=True, blank=True)  # with the student's admission photo (same_person)
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    # 1 for the student's first photo, 2 for the second (capture.upload.intake).
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    # Names of the ready-made reasons that stand in `reason` (capture.review.return_reasons).
    reason_names = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    appealed_at = models.DateTimeField(null=True, blank=True)
    appeal = models.CharField(_("reason of the student"), max_length=10, choices=Appeal, blank=True)
    appeal_words = models.CharField(_("words of the student"), max_length=200, blank=True)
    # The student wants to submit it and pays first (capture.upload.submission).
    awaits_fee = models.BooleanField(default=False)

    objects: ClassVar[Any] = scoped_manager(TenantClaimableQuerySet)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("student",), condition=Q(is_current=True), name="one_current_photo"),
            models.UniqueConstraint(fields=("student", "token"), name="one_photo_a_form"),
        ]
        indexes = [
            models.Index(fields=("school", "season", "status", "submitted_at"), name="photo_worklist"),
            models.Index(fields=("season", "status", "school"), name="photo_state", condition=Q(is_current=True)),
            models.Index(
                fields=("status", "claimed_at"), name="photo_unjudged", condition=Q(status__in=("checking", "failed"))
            ),
            models.Index(
                fields=("checked_at",), name="photo_uncompared", condition=Q(compared_at=None, checked_at__isnull=False)
            ),
            models.Index(
                fields=("checked_at",),
                name="photo_face_uncompared",
                condition=Q(face_compared_at=None, checked_at__isnull=False),
            ),
            models.Index(fields=("season", "taken_at"), name="photo_day"),
            models.Index(fields=("season", "-id"), name="photo_newest", condition=Q(is_current=True, is_moved=False)),
            models.Index(
                fields=("season", "limit_set", "engine"),
                name="photo_outdated",
                condition=Q(is_current=True, status__in=("ready", "submitted", "rejected")) & ~Q(outcome=""),
            ),
            models.Index(fields=("season", "-decided_at"), name="photo_decided", condition=Q(decided_by__isnull=False)),
            models.Index(
                fields=("season", "school"),
                name="photo_appeal",
                condition=Q(is_current=True, status="submitted", appealed_at__isnull=False),
            ),
            models.Index(
                fields=("student",),
                name="photo_awaits_fee",
                condition=Q(is_current=True, status="ready", awaits_fee=True),
            ),
            models.Index(
                fields=("season", "background", "school"),
                name="photo_background",
                condition=Q(is_current=True, status__in=("ready", "submitted", "approved")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} {self.status}"

    @property
    def history_name(self) -> str:
        return str(self.student)

    def outcome_found(self) -> str:
        """green, amber or red, by the findings that are stored now."""
        outcomes = set(self.findings.values_list("outcome", flat=True))
        return "red" if Finding.Outcome.REJECT in outcomes else "amber" if outcomes else "green"

    @property
    def portrait_version(self) -> str:
        """The name of the portrait's file, at most 12 characters: changes when the portrait is made
        again."""
        return PurePosixPath(self.portrait.name or "").stem[:12]


class Exemption(TenantModel):
    """What a student declares about the own appearance, and the school confirms: the rules of
    `EXCUSED` are then not asked of this student.

    `kind` and `words` are deleted with the student's pictures. No document is kept or asked for.
    """

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    NO_ROWS_OF_ENDED = ("student",)

    class Kind(models.TextChoices):
        HEAD_COVER = "head_cover", _("A head covering, worn for religion, custom or health")
        HAIR = "hair", _("Hair or ears that cannot be shown otherwise")
        EYES = "eyes", _("One eye, or eyes of another kind")
        FACE = "face", _("A bandage, a scar, or a face or skin of another kind")
        POSTURE = "posture", _("Head or shoulders that cannot be held straight")
        OTHER = "other", _("Something else")

    class Status(models.TextChoices):
        DECLARED = "declared", _("Declared")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Not confirmed")

    # refused -> declared: the student declares again; confirmed -> refused: the school thinks again.
    TRANSITIONS = {
        Status.DECLARED: {Status.CONFIRMED, Status.REFUSED},
        Status.CONFIRMED: {Status.REFUSED, Status.DECLARED},
        Status.REFUSED: {Status.DECLARED, Status.CONFIRMED},
    }
    # {kind: rules}. Never a rule about light, file or forgery: whoever is photographed has to be seen.
    EXCUSED = {
        Kind.HEAD_COVER: ("head_cover", "fringe", "ears", "necklace"),
        Kind.HAIR: ("head_cover", "fringe", "ears"),
        Kind.EYES: ("eyes", "gaze", "red_eye", "tinted_lens", "roll"),
        Kind.FACE: ("fringe", "head_cover", "mask", "eyes", "gaze", "mouth", "smile", "roll", "yaw"),
        Kind.POSTURE: ("roll", "yaw", "pitch", "shoulders"),
        Kind.OTHER: (),
    }

    student = models.OneToOneField(Student, on_delete=models.CASCADE, related_name="exemption")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    words = models.CharField(_("words of the student"), max_length=200, blank=True)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.DECLARED)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    declared_at = models.DateTimeField(_("declared"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("declared_at", "id")
        indexes = [models.Index(fields=("school", "season", "status"), name="exemption_state")]
        verbose_name = _("exemption")
        verbose_name_plural = _("exemptions")

    def __str__(self) -> str:
        return f"{self.student} {self.status}"

    @property
    def history_name(self) -> str:
        return str(self.student)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that this kind excuses."""
        return self.EXCUSED[self.Kind(self.kind)]


class Finding(TenantModel):
    """One rule that a photo breaks.

    `value`: the measure; `limit`: the limit that it passed; `marks`: places in the photo.
    """

    path_to_student = "photo__student"
    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"INSERT", "UPDATE", "DELETE"}} | deleted_by(
        DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM
    )

    class Outcome(models.TextChoices):
        REJECT = "reject", _("Not accepted")
        WARN = "warn", _("To be looked at")

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="findings")
    # Of the photo: what a whole season's photos fail is counted in the index alone.
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    rule = models.CharField(_("rule"), max_length=30)
    outcome = models.CharField(_("outcome"), max_length=6, choices=Outcome)
    value = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    marks = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("outcome", "id")
        constraints = [models.UniqueConstraint(fields=("photo", "rule"), name="one_finding_a_rule")]
        indexes = [models.Index(fields=("season", "outcome", "rule"), name="finding_by_rule")]

    def __str__(self) -> str:
        return f"{self.rule} {self.outcome}"


# The search for the same picture writes photos and findings of other schools.
COUNTED_ACROSS = {DatabaseRole.ACROSS: {"INSERT"}} | deleted_by(DatabaseRole.SYSTEM)


class PhotosByState(Counter):
    """How many students of a school have a current photo in which state."""

    DATABASE_RIGHTS = COUNTED_ACROSS
    COUNTS = Counts(of="capture.Photo", where="own.is_current AND NOT own.is_moved", by={"status": "own.status"})

    status = models.CharField(max_length=10, choices=Photo.Status)


# What became of a photo, in SQL. `has_passed`: the automatic check has accepted it.
OUTCOME = {
    "status": "own.status",
    "has_passed": f"(own.status NOT IN {tuple(map(str, Photo.UNPASSED))} AND own.appealed_at IS NULL)",
    "is_current": "own.is_current",
    "is_first": "(own.attempt = 1)",
}


class PhotosByDay(Counter):
    """How many photos of a school were taken on which day, and what became of them."""

    DATABASE_RIGHTS = COUNTED_ACROSS
    COUNTS = Counts(
        of="capture.Photo",
        where="NOT own.is_moved",
        by={"day": f"(own.taken_at AT TIME ZONE '{settings.TIME_ZONE}')::date", **OUTCOME},
    )

    day = models.DateField()
    status = models.CharField(max_length=10, choices=Photo.Status)
    has_passed = models.BooleanField()
    is_current = models.BooleanField()
    is_first = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=("season", "day"), name="photos_by_day")]


class PhotosByCollege(Counter):
    """How many photos there are of the students of which college, and what became of them.

    Whoever changes one of these columns of a photo holds the lock of its student.
    """

    DATABASE_RIGHTS = COUNTED_ACROSS
    COUNTS = Counts(
        of="capture.Photo",
        where="NOT own.is_moved",
        by={"college": "parent.college", **OUTCOME},
        parent=Parent("students.Student", via="student_id", columns=("college",)),
    )

    college = models.CharField(max_length=60, db_collation="C")
    status = models.CharField(max_length=10, choices=Photo.Status)
    has_passed = models.BooleanField()
    is_current = models.BooleanField()
    is_first = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=("season", "school"), name="photos_by_college")]


class FindingsByRule(Counter):
    """How many photos of a school break which rule."""

    DATABASE_RIGHTS = COUNTED_ACROSS
    COUNTS = Counts(
        of="capture.Finding",
        by={
            "rule": "own.rule",
            "outcome": "own.outcome",
            "status": "parent.status",
            "is_current": "parent.is_current",
        },
        where="NOT parent.is_moved",
        parent=Parent("capture.Photo", via="photo_id", columns=("status", "is_current", "is_moved")),
    )

    rule = models.CharField(max_length=30)
    outcome = models.CharField(max_length=6, choices=Finding.Outcome)
    status = models.CharField(max_length=10, choices=Photo.Status)  # of the photo
    is_current = models.BooleanField()


class BitField(models.Field):
    """A bit string of fixed length, as text of 0 and 1."""

    def __init__(self, *args: Any, length: int, **kwargs: Any) -> None:
        self.length = length
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"length": self.length}

    def db_type(self, connection: Any) -> str:
        return f"bit({self.length})"


def blank_imprint() -> str:
    return "0" * IMPRINT_BITS


class Imprint(TenantModel):
    """The imprint of a photo that has a portrait; it finds the same picture again
    (capture.judging.likeness).

    A table of its own: it is written once and searched for every photo, while rows of photos are
    long and change often.
    """

    path_to_student = "photo__student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, related_name="imprint")
    bits = BitField(length=IMPRINT_BITS, default=blank_imprint)
    words = ArrayField(models.IntegerField(), default=list)

    class Meta:
        # fastupdate off: a list of pending entries would slow each search down.
        indexes = [GinIndex(fields=("words",), name="imprint_words", fastupdate=False)]

    def __str__(self) -> str:
        return str(self.photo_id)


class Likeness(TenantModel):
    """`photo` is the same picture as `other`, or nearly.

    One row for each side, in the school of its `photo`.
    """

    path_to_student = "photo__student"
    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"INSERT", "UPDATE"}} | deleted_by(
        DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM
    )
    SEES_OTHER_SCHOOLS = ("other",)

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="likenesses")
    other = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    bits = models.PositiveSmallIntegerField(_("bits that differ"))
    is_mirrored = models.BooleanField(_("mirrored"), default=False)
    # `other` is a photo of the same person in an earlier season: the document numbers are equal.
    is_own = models.BooleanField(_("the student's own"), default=False)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    cleared_by_name = models.CharField(
        max_length=120, blank=True
    )  # with the school or "center"; the other side reads it

    class Meta:
        ordering = ("bits", "id")
        verbose_name = _("likeness")
        verbose_name_plural = _("likenesses")
        constraints = [
            models.UniqueConstraint(fields=("photo", "other"), name="one_likeness_a_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.photo_id} ~ {self.other_id}"


class AdmissionUpload(TenantModel):
    """An archive of admission photos: sent in parts, read, shown as a preview, then confirmed or dropped."""

    class Status(models.TextChoices):
        SENDING = "sending", _("Being sent")
        READING = "reading", _("Being read")
        PREVIEW = "preview", _("To be confirmed")
        STORING = "storing", _("Being stored")
        DONE = "done", _("Stored")
        REFUSED = "refused", _("Refused")
        DROPPED = "dropped", _("Dropped")

    TRANSITIONS = {
        Status.SENDING: {Status.READING, Status.REFUSED, Status.DROPPED},
        Status.READING: {Status.PREVIEW, Status.REFUSED, Status.DROPPED},
        Status.PREVIEW: {Status.STORING, Status.DROPPED},
        Status.STORING: {Status.DONE, Status.REFUSED},
        Status.DONE: set(),
        Status.REFUSED: set(),
        Status.DROPPED: set(),
    }

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.SENDING)
    filename = models.CharField(_("file"), max_length=120)
    parts = models.PositiveSmallIntegerField()  # how many it is sent in
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # JSON of `capture.same_person.admission_upload.Report`. Document numbers in it are masked.
    report = models.JSONField(default=dict, blank=True)
    message = models.TextField(_("message"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.filename


class AdmissionPart(TenantModel):
    """A part of an archive, encrypted on the disk. Deleted when the archive is stored, refused or dropped."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    upload = models.ForeignKey(AdmissionUpload, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()  # from 0
    file = models.FileField(upload_to=admission_part_path)
    file_size = models.PositiveIntegerField(default=0)  # bytes, encrypted
    length = models.PositiveIntegerField()  # bytes of the archive in it

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("upload", "number"), name="one_admission_part_a_number")]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.number}"


class AdmissionPhoto(TenantModel):
    """The photo that a student was admitted with, encrypted on the disk; kept until the proofreading is over."""

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    NO_ROWS_OF_ENDED = ("student",)

    student = models.OneToOneField(Student, on_delete=models.CASCADE, related_name="admission_photo")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    picture = models.FileField(upload_to=admission_photo_path)
    picture_size = models.PositiveIntegerField(default=0)  # bytes, encrypted
    upload_no = models.PositiveBigIntegerField()  # the id of the upload that it came with
    stored_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.student_id)


class FaceNumbers(TenantModel):
    """The 128 numbers of a face (vision.likeness.face_embedding), encrypted and bound to this row: of a photo, or (without
    one) of the student's admission photo. Written once, deleted with the consent or the picture."""

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    NO_ROWS_OF_ENDED = ("student",)

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="+")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    photo = models.OneToOneField(Photo, null=True, on_delete=models.CASCADE, related_name="+")
    sealed = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=("school", "season"), name="face_numbers_of_school")]
        constraints = [models.UniqueConstraint(fields=("student",), condition=Q(photo=None), name="one_admission_face")]

    def __str__(self) -> str:
        return f"{self.student_id} {self.photo_id}"


class FaceComparison(TenantModel):
    """What the comparison of a photo's face found, and what a person said about it."""

    path_to_student = "photo__student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    class Kind(models.TextChoices):
        ADMISSION = "admission", _("With the student's own admission photo")
        ATTEMPT = "attempt", _("With the student's own earlier photo")
        OTHER_ADMISSION = "other", _("With another student's admission photo")
        SWAPPED = "swapped", _("Two students whose photos fit each other's admission photos")
        SAME_FACE = "same_face", _("With another student's photo")

    class Answer(models.TextChoices):
        SAME = "same", _("The same person")
        DIFFERENT = "different", _("Two different people")

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="face_comparisons")
    kind = models.CharField(max_length=9, choices=Kind)
    # Of ATTEMPT: the student's own.
    other_photo = models.ForeignKey(Photo, null=True, on_delete=models.CASCADE, related_name="+")
    # Of OTHER_ADMISSION, SWAPPED and SAME_FACE.
    other_student = models.ForeignKey(Student, null=True, on_delete=models.CASCADE, related_name="+")
    distance = models.FloatField()
    found_at = models.DateTimeField(auto_now_add=True)
    answer = models.CharField(max_length=9, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=("photo", "kind", "other_student"), nulls_distinct=False, name="one_face_comparison_a_kind"
            )
        ]

    @property
    def is_beyond_limit(self) -> bool:
        """Whether the other student is one whom the person who asks, limited to some classes, must not see."""
        return self.other_student is not None and not student_limits.present().admits(self.other_student)

    def __str__(self) -> str:
        return f"{self.photo_id} {self.kind}"


class Film(TenantModel):
    """The second before the shutter, encrypted on the disk: a few small frames (vision.live.film). Kept until the photo is decided."""

    path_to_student = "photo__student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, related_name="+")
    frames = models.FileField(upload_to=film_path)
    frames_size = models.PositiveIntegerField(default=0)  # bytes, encrypted
    count = models.PositiveSmallIntegerField()  # of frames
    stored_at = models.DateTimeField(default=timezone.now)
    watched_at = models.DateTimeField(null=True, blank=True)  # measured (capture.live.watching)

    class Meta:
        indexes = [models.Index(fields=("id",), name="film_unwatched", condition=Q(watched_at=None))]

    def __str__(self) -> str:
        return str(self.photo_id)
