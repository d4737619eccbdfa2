"""Forms of people."""

from typing import Any, cast

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from portal import student_limits
from portal.accounts import people
from portal.models import Membership, Role, User
from portal.models.people import CENTER_ROLES, LIMITABLE_ROLES, SCHOOL_ROLES, rank_of
from portal.student_limits import Limit
from portal.tenancy import Tenant

# What a role is for, below its name in the form; the whole of it is the table of permissions.
PURPOSES = {
    Role.CENTER_ADMIN: _("Everything, and the accounts"),
    Role.CENTER_OFFICER: _("Schools, fees, feedback forms, printing and shipping"),
    Role.CENTER_REVIEWER: _("Looks at photos, resets and frames them; no exports, no document numbers"),
    Role.CENTER_FINANCE: _("Transfers, refunds and the accounts of the schools"),
    Role.CENTER_PRINTING: _("Print runs, sheets and parcels"),
    Role.CENTER_AUDITOR: _("Reads, changes nothing, exports nothing"),
    Role.SCHOOL_ADMIN: _("Everything of the school, and its accounts"),
    Role.SCHOOL_OFFICER: _("Roster, review, proofreading, feedback form and prints"),
    Role.SCHOOL_REVIEWER: _("Reviews photos; no exports, no document numbers"),
    Role.SCHOOL_FINANCE: _("Fees and payments"),
    Role.SCHOOL_HELPER: _("Only today's list of a station, and what helps there"),
    Role.SCHOOL_MONITOR: _("Only who of their own class is still to be photographed"),
}


class PersonForm(forms.Form):
    """Name, roles, limits and how to reach somebody. `own` is the membership of who fills it in."""

    full_name = forms.CharField(label=_("Name"), max_length=60)
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )
    colleges = forms.MultipleChoiceField(label=_("Only these colleges"), required=False)
    class_names = forms.MultipleChoiceField(label=_("Only these classes"), required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, help_text=_("Reminders and new links go there."))
    phone = forms.CharField(label=_("Phone"), required=False, max_length=30)

    def __init__(
        self, *args: Any, school: Tenant | None, own: Membership, member: Membership | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        roles = CENTER_ROLES if school is None else SCHOOL_ROLES
        cast(forms.ChoiceField, self.fields["roles"]).choices = [
            (
                role.value,
                format_html('<span>{}<br><span class="muted small">{}</span></span>', role.label, PURPOSES[role]),
            )
            for role in Role
            if role in roles and rank_of(role) <= own.rank
        ]
        if member and not people.may_change_address(member, own):
            self.fields["email"].disabled = True
            self.fields["email"].help_text = _("Changed by the person alone, under “Sign-in security”.")
        self._offer_limits(school, member.limit if member else student_limits.NONE)

    def _offer_limits(self, school: Tenant | None, present: Limit) -> None:
        """The colleges and classes of the roster, and those that the person is limited to already."""
        found = student_limits.choices_of(school) if school else student_limits.Choices((), ())
        known = {name for _college, names in found.classes for name in names}
        lost = [name for name in present.class_names if name not in known]
        classes = [*found.classes, *([(_("Not on the roster"), lost)] if lost else [])]
        colleges = [*found.colleges, *(name for name in present.colleges if name not in found.colleges)]
        if not colleges and not classes:
            del self.fields["colleges"], self.fields["class_names"]
            return
        self.fields["colleges"].widget = forms.CheckboxSelectMultiple()
        cast(forms.ChoiceField, self.fields["colleges"]).choices = [(name, name) for name in colleges]
        self.fields["class_names"].widget = forms.SelectMultiple(
            attrs={"size": 8, "data-by-group": _("Choose a college")}
        )
        cast(forms.ChoiceField, self.fields["class_names"]).choices = [
            (college or "–", [(name, name) for name in names]) for college, names in classes
        ]
        help_text = _(
            "Nothing chosen: all students. For officers, reviewers and station helpers. A class monitor needs a class."
        )
        self.fields["colleges"].help_text = help_text

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        limit = Limit(given.pop("colleges", []), given.pop("class_names", []))
        if limit and not set(given.get("roles", [])) <= LIMITABLE_ROLES:
            self.add_error("colleges", _("Only officers, reviewers and station helpers can be limited."))
        if Role.SCHOOL_MONITOR in given.get("roles", []) and not limit.class_names and "class_names" in self.fields:
            self.add_error("class_names", _("Choose the class of the class monitor."))
        return given | {"limit": limit}


class InvitationForm(PersonForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[User.username_validator],
        help_text=_("Letters, figures and . + - _; to sign in with."),
    )
    field_order = ("full_name", "username", "roles", "colleges", "class_names", "email", "phone")

    def clean_username(self) -> str:
        name = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("This user name is taken. Choose another one."))
        return name


class LostFactorForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("How you made sure that it is the person who asks. The person reads it, and the history keeps it."),
    )


class MessageForm(forms.Form):
    """A message to many."""

    subject = forms.CharField(label=_("Subject line"), max_length=120)
    body = forms.CharField(label=_("Text"), max_length=1000, widget=forms.Textarea(attrs={"rows": 8}))


class VisitForm(forms.Form):
    """Why a person of the center looks at the portal of a school."""

    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("The school reads it in its history."))
