"""Forms of the roster: upload of a file, one student."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from students import records
from students.models import Student
from students.roster.columns import BY_FIELD


class RosterUploadForm(forms.Form):
    file = forms.FileField(
        label=_("Roster"),
        help_text=_(
            "An .xlsx, .xls, .ods or .csv file of at most 25 MB. It is judged first; nothing changes before you confirm."
        ),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv,.txt"}),
    )


class ExportForm(forms.Form):
    """How a list is taken out; document numbers in clear only when they are asked for."""

    format = forms.ChoiceField(choices=[("xlsx", ".xlsx"), ("csv", ".csv")], required=False)
    numbers = forms.ChoiceField(choices=[("clear", "")], required=False)

    def clean_format(self) -> str:
        return self.cleaned_data["format"] or "xlsx"


class RosterField(forms.CharField):
    """Marked as required. `students.records` checks it, together with all other fields."""

    def validate(self, value: Any) -> None:
        pass


class StudentForm(forms.Form):
    """One student. `students.records` checks the values, as for a roster."""

    student_no = RosterField(label=_("Student no."), max_length=32)
    name = RosterField(label=_("Name"), max_length=60, help_text=_("Exactly as on the identity document."))
    id_type = forms.ChoiceField(label=_("Document type"), choices=Student.IdType.choices)
    id_number = RosterField(label=_("Document number"), max_length=32)
    gender = forms.ChoiceField(
        label=_("Gender"),
        choices=[("", _("As the document number says")), *Student.Gender.choices],
        required=False,
    )
    level = RosterField(label=_("Level"), max_length=20, required=False)
    college = RosterField(label=_("College"), max_length=60, required=False)
    major = RosterField(label=_("Major"), max_length=60, help_text=_("Printed on the photo."))
    class_name = RosterField(label=_("Class"), max_length=60, help_text=_("Printed on the photo."))
    phone = RosterField(label=_("Phone"), max_length=30, required=False)
    email = RosterField(label=_("E-mail"), max_length=254, required=False)

    def __init__(self, *args: Any, student: Student | None = None, **kwargs: Any) -> None:
        if student:
            kwargs["initial"] = {name: getattr(student, name) for name in records.FORM_FIELDS}
        super().__init__(*args, **kwargs)
        if student:
            self.fields["id_number"].required = False
            self.fields["id_number"].help_text = _("Recorded: %(number)s. Leave empty to keep it.") % {
                "number": student.masked_id
            }
        self.fields["id_number"].widget.attrs["autocomplete"] = "off"

    def show(self, wrong: records.WrongData) -> None:
        """Add the sentences of a refusal to their fields."""
        for name, sentence in wrong.problems.items():
            self.add_error(name if name in BY_FIELD else None, sentence)
