"""The enrolment of a school in a season: its phases, and what each phase allows."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by
from portal.errors import Conflict, PortalError
from portal.tenancy import TenantModel
from schools.models.season import Action, Season


@dataclass(frozen=True)
class Allowance:
    """The phases that allow an action, and the sentence of the refusal in all others.

    Without a sentence, pages do not offer the action, and nothing calls `require` for it.
    """

    phases: tuple[str, ...]
    refusal: Any = ""
    error: type[PortalError] = PortalError


_CLOSED = _("Proofreading at your school has closed. Ask the person in charge there.")


class Enrolment(TenantModel):
    """A school takes part in a season."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    class Status(models.TextChoices):
        PREPARING = "preparing", _("Preparing")
        CAPTURING = "capturing", _("Capturing")
        PROOFREADING = "proofreading", _("Proofreading")
        FEEDBACK_SENT = "feedback_sent", _("Feedback sent")
        FEEDBACK_ACCEPTED = "feedback_accepted", _("Feedback accepted")
        PRINTING = "printing", _("Printing")
        SHIPPED = "shipped", _("Shipped")
        RECEIVED = "received", _("Received")

    TRANSITIONS = {
        Status.PREPARING: {Status.CAPTURING},
        Status.CAPTURING: {Status.PROOFREADING},
        Status.PROOFREADING: {Status.FEEDBACK_SENT, Status.CAPTURING},
        Status.FEEDBACK_SENT: {Status.FEEDBACK_ACCEPTED, Status.PROOFREADING},
        Status.FEEDBACK_ACCEPTED: {Status.PRINTING},
        Status.PRINTING: {Status.SHIPPED},
        Status.SHIPPED: {Status.RECEIVED},
        Status.RECEIVED: {Status.SHIPPED},  # a parcel with sheets that were printed again
    }

    # From here on the portraits are final: the center has accepted the feedback form.
    FINISHED = (Status.FEEDBACK_ACCEPTED, Status.PRINTING, Status.SHIPPED, Status.RECEIVED)

    # The only list of what a phase allows; Season.ALLOWED may forbid it. A test refuses sets of phases in other modules.
    ALLOWED: dict[Action, Allowance] = {
        Action.WITHDRAW: Allowance(
            (Status.PREPARING,), _("This school has already begun and cannot be taken out of the season.")
        ),
        Action.IMPORT: Allowance(
            (Status.PREPARING, Status.CAPTURING, Status.PROOFREADING),
            _("The feedback form is with the center: the roster can no longer be changed. Ask the center."),
        ),
        Action.PHOTOGRAPH: Allowance((Status.PREPARING, Status.CAPTURING)),
        Action.RETAKE: Allowance((Status.PROOFREADING,)),
        Action.SUBMIT: Allowance(
            (Status.CAPTURING, Status.PROOFREADING),
            _("Your school's photos have been concluded. Ask the person in charge at your school."),
            Conflict,
        ),
        Action.DAILY_CHECK: Allowance((Status.CAPTURING, Status.PROOFREADING)),
        Action.OPEN_PROOFREADING: Allowance((Status.CAPTURING,)),
        Action.RESET: Allowance(
            (Status.PREPARING, Status.CAPTURING, Status.PROOFREADING, Status.FEEDBACK_SENT),
            _("The feedback form has been accepted; photos cannot be reset any more. Ask the center."),
            Conflict,
        ),
        Action.REMAKE: Allowance(
            (Status.PREPARING, Status.CAPTURING, Status.PROOFREADING, Status.FEEDBACK_SENT),
            _("The feedback form has been accepted: portraits stay as they are. Ask the center."),
            Conflict,
        ),
        Action.CORRECT: Allowance((Status.CAPTURING, Status.PROOFREADING), _CLOSED),
        # Not while the center checks the form: it confirms that nothing is left to correct.
        Action.CORRECT_DATA: Allowance(
            (Status.CAPTURING, Status.PROOFREADING, *FINISHED),
            _("Data cannot be corrected now: the school has not begun yet, or its feedback form is with the center."),
        ),
        # Not while the center checks the form. Allowed again afterwards: students whose data were
        # corrected late confirm then, and are printed in a later run.
        Action.CONFIRM: Allowance((Status.CAPTURING, Status.PROOFREADING, *FINISHED), _CLOSED),
        Action.INVITE: Allowance((Status.PREPARING, Status.PROOFREADING, *FINISHED)),
        Action.FEEDBACK: Allowance((Status.PROOFREADING,), _("The form can be made while the school is proofreading.")),
        Action.DECIDE_FEEDBACK: Allowance((Status.FEEDBACK_SENT,)),
        Action.PRINT: Allowance(
            FINISHED,  # also received: what was corrected is printed again
            _("Sheets are printed once the center has accepted the school's feedback form."),
        ),
        Action.HAND_OVER: Allowance(
            FINISHED,  # also received: what was corrected is handed over in a supplement
            _("Portraits are handed over once the center has accepted the school's feedback form."),
        ),
    }

    class PaymentMode(models.TextChoices):
        SCHOOL = "school", _("The school pays for all")
        STUDENT = "student", _("Each student pays")

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="enrolments")
    status = models.CharField(_("state"), max_length=20, choices=Status, default=Status.PREPARING)
    payment_mode = models.CharField(_("way of payment"), max_length=10, choices=PaymentMode, default=PaymentMode.SCHOOL)
    allow_file = models.BooleanField(_("students may send a picture file when there is no camera"), default=True)
    only_in_slots = models.BooleanField(_("students photograph only in the slot of their class"), default=False)
    # Without a list students appear by their capture codes (students.without_list).
    hands_over_list = models.BooleanField(_("the school hands over a list of its students"), default=True)
    stated_students = models.PositiveIntegerField(_("number of students that the school states"), default=0)
    sign_in_added = models.JSONField(_("other ways to sign in"), default=list, blank=True)  # of season.sign_in_allowed
    student_notice = models.TextField(_("notice to the students"), blank=True)
    capture_ended_on = models.DateField(_("capture ended on"), null=True, blank=True)
    proof_due_on = models.DateField(_("proofreading due on"), null=True, blank=True)

    class Meta:
        ordering = ("school__area__position", "school__code")
        constraints = [models.UniqueConstraint(fields=("season", "school"), name="one_enrolment_a_season")]
        verbose_name = _("enrolment")

    def __str__(self) -> str:
        return f"{self.school} {self.season}"

    @property
    def history_name(self) -> str:
        return str(self.school)

    @classmethod
    def phases_allowing(cls, action: Action) -> tuple[str, ...]:
        """The phases for a query with `status__in`."""
        return cls.ALLOWED[action].phases

    def allows(self, action: Action) -> bool:
        return self.status in self.ALLOWED[action].phases and self.season.allows(action)

    def refusal(self, action: Action) -> PortalError:
        """The error to raise, or to show as a sentence."""
        if not self.season.allows(action):
            return self.season.state_refusal()
        allowance = self.ALLOWED[action]
        return allowance.error(allowance.refusal)

    def require(self, action: Action) -> None:
        """Raise the refusal unless the phase and the state of the season allow the action."""
        if not self.allows(action):
            raise self.refusal(action)
