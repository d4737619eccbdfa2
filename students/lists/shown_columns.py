"""The columns of the lists of students that a person wants to see; remembered with the account."""

from collections.abc import Collection

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.models import User

LIST = "students"
CHOICES = (
    ("gender", _("Gender")),
    ("document", _("Document number")),
    ("level", _("Level")),
    ("college", _("College and major")),
    ("class", _("Class")),
    ("phone", _("Phone")),
    ("email", _("E-mail")),
    ("stage", _("Stage")),
    ("fee", _("Fees")),
)
USUAL = ("gender", "document", "college", "class", "stage", "fee")


class ColumnsForm(forms.Form):
    """Name and student number are always there."""

    columns = forms.MultipleChoiceField(label=_("Columns"), choices=CHOICES, required=False)


def of(user: User) -> tuple[str, ...]:
    chosen = user.list_columns.get(LIST)
    return USUAL if chosen is None else tuple(name for name, _label in CHOICES if name in chosen)


def choose(user: User, columns: Collection[str]) -> None:
    user.list_columns = user.list_columns | {LIST: [name for name, _label in CHOICES if name in columns]}
    user.save(update_fields=["list_columns"])
