import datetime as dt
import enum

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by
from portal.errors import Conflict
from portal.tenancy import TenantModel
from schools.models.places import Area


class Action(enum.StrEnum):
    """What only some phases of a school (Enrolment.ALLOWED) and some states of a season (Season.ALLOWED) allow."""

    WITHDRAW = "withdraw"  # take the school out of the season
    IMPORT = "import"  # change the roster, by a file or by hand
    PHOTOGRAPH = "photograph"  # take photos on the days of the school
    RETAKE = "retake"  # after those days: replace a returned photo, or use a day granted later
    SUBMIT = "submit"  # hand a photo in for review
    DAILY_CHECK = "daily_check"  # the check of the day's photos in the evening
    OPEN_PROOFREADING = "open_proofreading"  # end the capture before its last day
    RESET = "reset"  # reverse an approval or another decision
    REMAKE = "remake"  # produce a portrait again: other frame or background
    CORRECT = "correct"  # ask for another portrait while proofreading
    CORRECT_DATA = "correct_data"  # correct the student's data, also after they are printed
    CONFIRM = "confirm"  # confirm portrait and data, by the student or by the school
    INVITE = "invite"  # link an approved student's page to the proof
    FEEDBACK = "feedback"  # fill in the feedback form and send it
    DECIDE_FEEDBACK = "decide_feedback"  # accept the form, or return it
    PRINT = "print"  # print the sheets of proofread students
    HAND_OVER = "hand_over"  # make a package for the registry
    CHANGE = "change"  # anything else: review, fees, stations, shipments, the year's end


def every_merchant() -> list[str]:
    return list(settings.PAYMENT_MERCHANTS)


def first_way() -> list[str]:
    """How students sign in unless a season says otherwise: by what the roster has of them."""
    return ["roster_facts"]


class SeasonQuerySet(models.QuerySet["Season"]):
    def allowing(self, action: Action) -> "SeasonQuerySet":
        return self.filter(status__in=Season.ALLOWED[action])

    def in_capture(self) -> "SeasonQuerySet":
        return self.filter(status=Season.Status.OPEN)

    def closed_before(self, moment: dt.datetime) -> "SeasonQuerySet":
        """The seasons whose capture is closed, since a day before this moment's."""
        return self.filter(status__in=Season.ENDED, closed_on__lt=timezone.localdate(moment))


class Season(models.Model):
    """One year's capture: season 2022 captures the class of 2023."""

    class Status(models.TextChoices):
        """Any number of seasons may be open. A draft is seen by the center only."""

        DRAFT = "draft", _("In preparation")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Capture closed")
        ARCHIVED = "archived", _("Archived")

    TRANSITIONS = {
        Status.DRAFT: {Status.OPEN},
        Status.OPEN: {Status.CLOSED},
        Status.CLOSED: {Status.OPEN, Status.ARCHIVED},
        Status.ARCHIVED: {Status.CLOSED},
    }
    ENDED = (Status.CLOSED, Status.ARCHIVED)  # no more photos are taken; originals are kept retention_days

    # What each state allows, as long as the phase of the school allows it too. Nothing in the archive.
    _FROM_DRAFT, _IN_CAPTURE = (Status.DRAFT, Status.OPEN), (Status.OPEN,)
    _TO_ARCHIVE = (Status.OPEN, Status.CLOSED)
    ALLOWED: dict[Action, tuple[str, ...]] = {
        Action.WITHDRAW: _FROM_DRAFT,
        Action.IMPORT: _FROM_DRAFT,
        Action.PHOTOGRAPH: _IN_CAPTURE,
        Action.RETAKE: _IN_CAPTURE,
        Action.SUBMIT: _TO_ARCHIVE,  # a photo that was taken in time
        Action.DAILY_CHECK: _IN_CAPTURE,
        Action.OPEN_PROOFREADING: _TO_ARCHIVE,
        Action.RESET: _TO_ARCHIVE,
        Action.REMAKE: _TO_ARCHIVE,
        Action.CORRECT: _TO_ARCHIVE,
        Action.CORRECT_DATA: _TO_ARCHIVE,
        Action.CONFIRM: _TO_ARCHIVE,
        Action.INVITE: _TO_ARCHIVE,
        Action.FEEDBACK: _TO_ARCHIVE,
        Action.DECIDE_FEEDBACK: _TO_ARCHIVE,
        Action.PRINT: _TO_ARCHIVE,
        Action.HAND_OVER: _TO_ARCHIVE,
        Action.CHANGE: (Status.DRAFT, *_TO_ARCHIVE),
    }

    class Background(models.TextChoices):
        BLUE = "blue", _("Light blue")
        WHITE = "white", _("White")
        GREY = "grey", _("Light grey")

    class OwingRule(models.TextChoices):
        """What the center does about a school that owes, when its sheets are ordered or shipped."""

        WARN = "warn", _("Say so and go on")
        REASON = "reason", _("Go on with a reason only")
        BLOCK = "block", _("Neither print nor ship")

    class WithoutList(models.TextChoices):
        """Whether schools may hand over no list, and when they confirm who appeared by a capture code."""

        NO = "no", _("Every school hands over a list")
        BEFORE = "before", _("Allowed; the school confirms a student before the photo")
        AFTER = "after", _("Allowed; the school confirms a student after the photo, before it is approved")

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    graduating_class = models.PositiveSmallIntegerField(_("graduating class"))
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT)
    center_name = models.CharField(_("center"), max_length=60)
    notice = models.TextField(_("notice"), blank=True)
    opens_at = models.TimeField(_("capture opens at"), default=dt.time(8))
    closes_at = models.TimeField(_("capture closes at"), default=dt.time(18))
    proof_workdays = models.PositiveSmallIntegerField(_("working days for proofreading"), default=30)
    price_fen = models.PositiveIntegerField(_("price a student (fen)"), default=1500)
    copies = models.PositiveSmallIntegerField(_("copies a student"), default=5)
    # Names of merchants (settings.PAYMENT_MERCHANTS), in the order in which students are offered them.
    payment_merchants = models.JSONField(_("online payment"), default=every_merchant, blank=True)
    # Names of ways to sign in (capture.sign_in.providers): what students are offered, in this order, and what a
    # school may add.
    sign_in_offered = models.JSONField(_("ways to sign in"), default=first_way)
    sign_in_allowed = models.JSONField(_("ways that schools may add"), default=list, blank=True)
    # What has to stand behind the sign-in of a student who photographs (capture.sign_in); empty: whatever is offered.
    photograph_strength = models.CharField(_("for photographing"), max_length=10, blank=True)
    without_list = models.CharField(
        _("schools without a list"), max_length=6, choices=WithoutList, default=WithoutList.NO
    )
    payment_due = models.DateField(_("payment due"))
    owing_rule = models.CharField(
        _("when a school still owes"), max_length=6, choices=OwingRule, default=OwingRule.WARN
    )
    four_eyes_fen = models.PositiveIntegerField(_("second person above (fen)"), default=5_000_000)
    bank_account_name = models.CharField(_("account name"), max_length=80, blank=True)
    bank_name = models.CharField(_("bank"), max_length=80, blank=True)
    bank_account_no = models.CharField(_("account number"), max_length=40, blank=True)
    bank_code = models.CharField(_("bank code"), max_length=20, blank=True)
    contact_name = models.CharField(_("contact"), max_length=40, blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=40, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    background = models.CharField(_("background"), max_length=8, choices=Background, default=Background.BLUE)
    consent_version = models.CharField(_("version of the consent"), max_length=20, default="1")
    consent_text = models.TextField(_("text of the consent"), blank=True)
    retention_days = models.PositiveSmallIntegerField(_("days originals are kept after closing"), default=180)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    # When a day of the season was last changed; programs that subscribe to the calendar ask for it.
    schedule_changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SeasonQuerySet.as_manager()

    class Meta:
        ordering = ("-year",)
        swappable = "SEASON_MODEL"
        verbose_name = _("season")
        verbose_name_plural = _("seasons")

    def __str__(self) -> str:
        return str(self.year)

    def allows(self, action: Action) -> bool:
        return self.status in self.ALLOWED[action]

    def state_refusal(self) -> Conflict:
        """Why the state of the season does not allow something, as an error to raise or a sentence to show."""
        year = {"year": self.year}
        match self.status:
            case self.Status.ARCHIVED:
                return Conflict(
                    _("Season %(year)s is in the archive: it can be read, and nothing in it changes any more.") % year
                )
            case self.Status.CLOSED:
                return Conflict(_("The capture of season %(year)s is closed.") % year)
        return Conflict(_("Season %(year)s is not open yet.") % year)

    def require(self, action: Action) -> None:
        if not self.allows(action):
            raise self.state_refusal()


class WindowKind(models.TextChoices):
    """For whom days are. Make-up days open the camera for those without an accepted photo, after the days of all;
    they neither keep the capture of a school open nor move the day of its feedback form.
    """

    REGULAR = "regular", _("Days of all students")
    MAKE_UP = "make_up", _("Make-up days")


class WindowQuerySet(models.QuerySet["Window"]):
    def regular(self) -> "WindowQuerySet":
        """Without make-up days: one for each area that has days."""
        return self.filter(kind=WindowKind.REGULAR)


class Window(models.Model):
    """Days of an area in a season; the first and the last day are included. One window for all, and any for those who missed it."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="windows")
    area = models.ForeignKey(Area, verbose_name=_("area"), on_delete=models.PROTECT, related_name="windows")
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    kind = models.CharField(_("kind"), max_length=8, choices=WindowKind, default=WindowKind.REGULAR)

    objects = WindowQuerySet.as_manager()

    class Meta:
        ordering = ("starts_on", "area__position")
        constraints = [
            models.UniqueConstraint(
                fields=("season", "area"), condition=models.Q(kind=WindowKind.REGULAR), name="one_window_an_area"
            ),
            models.CheckConstraint(
                name="window_ends_after_start", condition=models.Q(ends_on__gte=models.F("starts_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area} {self.starts_on} - {self.ends_on}"

    @property
    def history_name(self) -> str:
        return str(self)

    @property
    def label(self) -> str:
        """The area, and that they are make-up days."""
        return (
            gettext("%(area)s (make-up days)") % {"area": self.area.name}
            if self.kind == WindowKind.MAKE_UP
            else self.area.name
        )


class WindowException(TenantModel):
    """More days or other hours that the center grants one school (special cases of the notice)."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="exceptions")
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    opens_at = models.TimeField(_("opens at"), null=True, blank=True)
    closes_at = models.TimeField(_("closes at"), null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=WindowKind, default=WindowKind.REGULAR)
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        ordering = ("starts_on",)
        constraints = [
            models.CheckConstraint(
                name="exception_ends_after_start", condition=models.Q(ends_on__gte=models.F("starts_on"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} - {self.ends_on}"
