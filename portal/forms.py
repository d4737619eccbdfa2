"""Forms of people."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.models import Role, User
from portal.models.people import CENTER_ROLES, SCHOOL_ROLES
from portal.tenancy import Tenant


class PersonForm(forms.Form):
    """Name, role and how to reach somebody."""

    full_name = forms.CharField(label=_("Name"), max_length=60)
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    email = forms.EmailField(label=_("E-mail"), required=False, help_text=_("Reminders and new links go there."))
    phone = forms.CharField(label=_("Phone"), required=False, max_length=30)

    def __init__(self, *args: Any, school: Tenant | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = CENTER_ROLES if school is None else SCHOOL_ROLES
        role = cast(forms.ChoiceField, self.fields["role"])
        role.choices = [(value, label) for value, label in Role.choices if value in roles]


class InvitationForm(PersonForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[User.username_validator],
        help_text=_("Letters, figures and @ . + - _; to sign in with."),
    )
    field_order = ("full_name", "username", "role", "email", "phone")

    def clean_username(self) -> str:
        name = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("This user name is taken. Choose another one."))
        return name
