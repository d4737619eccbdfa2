"""Forms of the roster: upload of a file, one student."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from portal.pages.form_fields import day_input, time_input
from students import records
from students.models import RosterHeading, Student
from students.roster.cell_problems import Problem
from students.roster.columns import BY_FIELD, COLUMNS, REQUIRED, Column
from students.roster.headings import CLASS
from students.roster.layout import ColumnShown, Layout
from students.without_list import catalogue


class RosterUploadForm(forms.Form):
    file = forms.FileField(
        label=_("Roster"),
        help_text=_(
            "An .xlsx, .xls, .ods or .csv file of at most 25 MB. It is judged first; nothing changes before you confirm."
        ),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv,.txt"}),
    )


class ConfirmImportForm(forms.Form):
    """What happens to the students who are not in the file."""

    KEEP, LEFT = "keep", "left"
    missing = forms.ChoiceField(choices=[(KEEP, KEEP), (LEFT, LEFT)], required=False)


def _name_of(column: Column) -> str:
    """The heading of the template, in English with its meaning before it."""
    return f"{column.label} {column.heading}" if get_language() == "en" else column.heading


def _meanings() -> list[tuple[str, str]]:
    named = [(column.field, f"{_name_of(column)}{' *' if column.required else ''}") for column in COLUMNS]
    return [("", gettext("Not imported")), *named]


class PlaceForm(forms.Form):
    """The sheet and the row where the headings stand."""

    before = forms.CharField(widget=forms.HiddenInput)
    sheet = forms.ChoiceField(label=_("Sheet"))
    row = forms.TypedChoiceField(label=_("Row of the headings"), coerce=int)

    def __init__(self, *, layout: Layout) -> None:
        super().__init__(initial={"before": layout.sheet, "sheet": layout.sheet, "row": layout.row})
        rows = [(number, f"{number}: {texts}") for number, texts in layout.rows]
        self.fields["sheet"].choices = [(name, name) for name in layout.sheets]  # type: ignore[attr-defined]
        self.fields["row"].choices = [(0, gettext("This file has no headings")), *rows]  # type: ignore[attr-defined]


class HeadingsForm(forms.Form):
    """For each column of a file, the column of the roster that it is."""

    sheet = forms.CharField(widget=forms.HiddenInput)
    row = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, layout: Layout) -> None:
        super().__init__(data, initial={"sheet": layout.sheet, "row": layout.row})
        self.columns = layout.columns
        self.has_sheets = len(layout.sheets) > 1
        if self.has_sheets:
            sheets = [(name, name) for name in layout.sheets]
            self.fields["sheets"] = forms.MultipleChoiceField(
                label=_("Sheets that are imported"),
                choices=sheets,
                initial=[name for name in layout.sheets if layout.assignment.reads(name)],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Choose at least one sheet.")},
            )
            self.fields["class_from_sheet"] = forms.BooleanField(
                label=_("Where a row has no class, the name of its sheet is the class"),
                initial=layout.assignment.class_from_sheet or all(each.field != CLASS for each in self.columns),
                required=False,
            )
        for column in self.columns:
            self.fields[self._name(column)] = forms.ChoiceField(
                label=column.label or gettext("Column %(letter)s") % {"letter": column.letter},
                choices=_meanings(),
                required=False,
                initial=column.field,
            )

    @staticmethod
    def _name(column: ColumnShown) -> str:
        return f"column_{column.letter}"

    @property
    def sheets(self) -> dict[str, Any]:
        """Of `headings.Assignment`: which sheets are read, and how."""
        if not self.has_sheets:
            return {}
        chosen, choices = self.cleaned_data["sheets"], self.fields["sheets"].choices  # type: ignore[attr-defined]
        every = len(chosen) == len(choices)
        return {
            "sheets": () if every else tuple(chosen),
            "class_from_sheet": self.cleaned_data["class_from_sheet"],
        }

    @property
    def rows(self) -> list[tuple[ColumnShown, forms.BoundField]]:
        return [(column, self[self._name(column)]) for column in self.columns]

    @property
    def chosen(self) -> dict[str, str]:
        """{key of the column: field, or "" when it is not imported}."""
        return {column.key: self.cleaned_data[self._name(column)] for column in self.columns}

    def clean(self) -> dict[str, Any]:
        first: dict[str, ColumnShown] = {}
        for column in self.columns:
            field = self.cleaned_data.get(self._name(column))
            if field and (other := first.setdefault(field, column)) is not column:
                names = {"column": _name_of(BY_FIELD[field]), "other": f"{other.letter} {other.label}".strip()}
                sentence = gettext("%(column)s is already taken from “%(other)s”. Choose one of the two.")
                self.add_error(self._name(column), sentence % names)
        given = {CLASS} if self.cleaned_data.get("class_from_sheet") else set()
        missing = "、".join(_name_of(column) for column in REQUIRED if column.field not in first.keys() | given)
        if missing:
            self.add_error(None, gettext("No column is assigned to %(columns)s.") % {"columns": missing})
        return self.cleaned_data


class RememberedHeadingsForm(forms.Form):
    """For each remembered heading what it means, or that it is forgotten."""

    FORGET = "forget"

    def __init__(self, data: Any, *, rows: list[RosterHeading]) -> None:
        super().__init__(data)
        self.headings = {f"heading_{row.pk}": row.heading for row in rows}
        for row in rows:
            self.fields[f"heading_{row.pk}"] = forms.ChoiceField(
                label=row.label,
                choices=[*_meanings(), (self.FORGET, gettext("Forget this heading"))],
                required=False,
                initial=row.field,
            )

    @property
    def chosen(self) -> dict[str, str | None]:
        values = {heading: self.cleaned_data[name] for name, heading in self.headings.items()}
        return {heading: None if value == self.FORGET else value for heading, value in values.items()}


class ExportForm(forms.Form):
    """How a list is taken out."""

    format = forms.ChoiceField(choices=[("xlsx", ".xlsx"), ("csv", ".csv")], required=False)

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
    id_type = forms.ChoiceField(label=_("Document type"), choices=Student.DOCUMENTS)
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
            if records.is_protected(student):
                self._protect(student)
            self.fields["id_number"].help_text = _("Recorded: %(number)s. Leave empty to keep it.") % {
                "number": student.masked_id
            }
        self.fields["id_number"].widget.attrs["autocomplete"] = "off"

    def _protect(self, student: Student) -> None:
        """Who a photographed student is, changes through a correction only. An empty gender is still filled in."""
        for name in ("name", "id_type", "id_number", "gender"):
            if name != "gender" or student.gender:
                self.fields[name].disabled = True
        self.fields["name"].help_text = str(Problem("protected"))

    def show(self, wrong: records.WrongData) -> None:
        """Add the sentences of a refusal to their fields."""
        for name, sentence in wrong.problems.items():
            self.add_error(name if name in BY_FIELD else None, sentence)


class MoveForm(forms.Form):
    """Where the selected students belong from now on."""

    college = forms.CharField(label=_("College"), max_length=60, required=False)
    major = forms.CharField(label=_("Major"), max_length=60)
    class_name = forms.CharField(label=_("Class"), max_length=60)


class CatalogueMoveForm(forms.Form):
    """Where the selected students belong from now on, in a school that keeps a catalogue."""

    entry = forms.ChoiceField(
        label=_("Class of the catalogue"), widget=forms.Select(attrs={"data-by-group": _("Choose a college")})
    )

    def __init__(self, *args: Any, enrolment: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = catalogue.of_school(enrolment) if enrolment else ()
        by_college = [
            (college or "–", [(str(row.pk), f"{row.major} · {row.class_name}") for row in found])
            for college, found in groupby(rows, key=lambda row: row.college)
        ]
        field: Any = self.fields["entry"]
        field.choices = [("", _("Please choose")), *by_college]


class RefusalForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The student reads this sentence: say what is wrong and what to do."),
    )


class ListChoiceForm(forms.Form):
    """Whether the school hands over a list of its students."""

    LIST, CODES = "list", "codes"
    way = forms.ChoiceField(
        label=_("How students come"),
        widget=forms.RadioSelect,
        choices=[
            (LIST, _("We hand over a list with names and document numbers")),
            (CODES, _("We hand over no list: students appear by their capture codes, and we confirm them")),
        ],
    )
    stated_students = forms.IntegerField(
        label=_("Number of students we expect"),
        min_value=1,
        max_value=100_000,
        required=False,
        help_text=_("Without a list, plan and progress are reckoned with it."),
    )

    @classmethod
    def initial_of(cls, enrolment: Any) -> dict[str, Any]:
        way = cls.LIST if enrolment.hands_over_list else cls.CODES
        return {"way": way, "stated_students": enrolment.stated_students or None}

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"hands_over_list": data["way"] == self.LIST, "stated_students": data["stated_students"] or 0}


class CatalogueClassForm(forms.Form):
    college = forms.CharField(label=_("College"), max_length=60, required=False)
    major = forms.CharField(label=_("Major"), max_length=60)
    class_name = forms.CharField(label=_("Class"), max_length=60)
    level = forms.CharField(label=_("Level"), max_length=20, required=False)


class CatalogueFileForm(forms.Form):
    file = forms.FileField(
        label=_("Workbook of the classes"),
        help_text=_("The columns 学院, 专业 and 班级 are read, and 培养层次 if there is one; nothing else."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv"}),
    )


class AskForStudentForm(StudentForm):
    """A student of another school, with the data that the student has at the school that asks."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False, help_text=_("Read by the other school and the center.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("gender", "phone", "email"):  # come along with the student
            del self.fields[name]


class AnswerForm(forms.Form):
    """Why a request is refused."""

    answer = forms.CharField(label=_("Reason"), max_length=300)


class GroupDaysForm(forms.Form):
    """Days of a college or of one of its classes. `groups`: (college, class) of those that are offered."""

    group = forms.ChoiceField(
        label=_("College or class"), help_text=_("A class with days of its own does not follow its college.")
    )
    starts_on = forms.DateField(label=_("First day"), widget=day_input())
    ends_on = forms.DateField(label=_("Last day"), widget=day_input())
    opens_at = forms.TimeField(
        label=_("opens at"), required=False, widget=time_input(), help_text=_("Empty: the hours of the school.")
    )
    closes_at = forms.TimeField(label=_("closes at"), required=False, widget=time_input())

    def __init__(self, *args: Any, groups: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = {str(n): group for n, group in enumerate(groups)}
        choices = [(key, " / ".join(filter(None, group))) for key, group in self.groups.items()]
        self.fields["group"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", _("The last day lies before the first."))
        if data.get("opens_at") and data.get("closes_at") and data["closes_at"] <= data["opens_at"]:
            self.add_error("closes_at", _("The capture must close after it opens."))
        college, class_name = self.groups.get(data.pop("group", ""), ("", ""))
        return data | {"college": college, "class_name": class_name}
