from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import FeeAccount
from portal.database.scope import DatabaseRole
from portal.models import User
from portal.tenancy import TenantModel
from students.models import Student


class Settlement(TenantModel):
    """What a school owes at a date, with the students as its evidence; the school signs it off or contests it.

    The first of an account has all its students, a later one (a supplement) what has changed since. The sum of those
    that stand is the account's charge at the date of the last. What it says is never changed; a trigger holds it.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("With the school")
        SIGNED = "signed", _("Signed off")
        CONTESTED = "contested", _("Contested")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    TRANSITIONS = {
        Status.PROPOSED: {Status.SIGNED, Status.CONTESTED, Status.WITHDRAWN},
        # The center stands by it, or corrects it: another takes its place.
        Status.CONTESTED: {Status.PROPOSED, Status.WITHDRAWN},
        Status.SIGNED: set(),
        Status.WITHDRAWN: set(),
    }
    OPEN = (Status.PROPOSED, Status.CONTESTED)
    STANDING = (Status.PROPOSED, Status.CONTESTED, Status.SIGNED)

    account = models.ForeignKey(FeeAccount, on_delete=models.PROTECT, related_name="settlements")
    number = models.PositiveSmallIntegerField(_("number"))
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.PROPOSED)
    as_of = models.DateField(_("settled to"))
    price_fen = models.PositiveIntegerField(_("price a student (fen)"))
    # Students that are added, without those of earlier settlements that are taken off again.
    students = models.IntegerField(_("students"))
    amount_fen = models.IntegerField(_("amount (fen)"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)  # the school's, of contesting it
    answer = models.CharField(_("answer"), max_length=300, blank=True)  # the center's
    proposed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    proposed_at = models.DateTimeField(_("proposed"), auto_now_add=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(_("signed or contested"), null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("account", "number"), name="one_settlement_a_number"),
            models.UniqueConstraint(
                fields=("account",), condition=Q(status__in=("proposed", "contested")), name="one_open_settlement"
            ),
            models.CheckConstraint(
                condition=Q(amount_fen=models.F("students") * models.F("price_fen")), name="settlement_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account.reference}-{self.number}"

    @property
    def history_name(self) -> str:
        return str(self.school)


class SettlementLine(TenantModel):
    """One student of a settlement, as the roster was at its date. Only erasing the student changes it."""

    IS_APPEND_ONLY = True
    DATABASE_RIGHTS = {DatabaseRole.CENTER: {"UPDATE"}, DatabaseRole.SYSTEM: {"UPDATE"}}
    path_to_student = "student"

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="lines")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="+")
    # The student stood on an earlier settlement and is no longer paid for by the school.
    is_taken_off = models.BooleanField(default=False)
    student_no = models.CharField(_("student number"), max_length=32)
    name = models.CharField(_("name"), max_length=60)
    masked_id = models.CharField(_("document number"), max_length=40, blank=True)
    college = models.CharField(_("college"), max_length=60, blank=True)
    major = models.CharField(_("major"), max_length=60, blank=True)
    class_name = models.CharField(_("class"), max_length=60, blank=True)

    class Meta:
        ordering = ("is_taken_off", "college", "major", "class_name", "student_no")
        constraints = [models.UniqueConstraint(fields=("settlement", "student"), name="one_line_a_student")]

    def __str__(self) -> str:
        return f"{self.student_no} {self.name}"
