"""Forms of the season, its timetable and the schools."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.errors import PortalError
from portal.pages import marked_text
from portal.pages.form_fields import YuanField, day_input, time_input
from schools.models import Area, DaysRequest, Enrolment, Inquiry, Notice, School, Season, WindowException
from schools.seasons import FIXED_WHEN_OPEN

LONGEST = dt.timedelta(days=366)  # of days without a gap
FURTHEST = 5  # years from now


def check_days(form: forms.BaseForm) -> None:
    """The first and the last day belong together, and no year is mistyped: every page counts the days between them."""
    starts, ends = form.cleaned_data.get("starts_on"), form.cleaned_data.get("ends_on")
    for name, day in (("starts_on", starts), ("ends_on", ends)):
        if day and abs(day.year - timezone.localdate().year) > FURTHEST:
            form.add_error(name, _("This day is more than five years away. Look at the year."))
            return
    if starts and ends and ends < starts:
        form.add_error("ends_on", _("The last day lies before the first."))
    elif starts and ends and ends - starts > LONGEST:
        form.add_error("ends_on", _("These are more than a year of days. Look at the year."))


class SeasonForm(forms.ModelForm):
    """The terms of a season. Year, class and price are fixed once the season is open."""

    price_fen = YuanField(
        label=_("Price a student (yuan)"),
        help_text=_("Every student is charged this; it is fixed when the season opens."),
    )

    four_eyes_fen = YuanField(
        label=_("Second person above (yuan)"),
        max_digits=10,
        help_text=_("A transfer of more than this is booked only after another person has confirmed it."),
    )
    payment_merchants = forms.MultipleChoiceField(
        label=_("Students pay online at"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: every school of this season pays by transfer. Orders of before stay with their merchant."),
    )

    class Meta:
        model = Season
        fields = (
            "year", "graduating_class", "center_name", "opens_at", "closes_at", "background", "proof_workdays", "copies",
            "without_list", "retention_days", "price_fen", "payment_merchants", "payment_due", "owing_rule", "four_eyes_fen", "bank_account_name",
            "bank_name", "bank_account_no", "bank_code", "contact_name", "contact_phone", "contact_email", "notice", "consent_version", "consent_text",
        )  # fmt: skip
        widgets = {
            "opens_at": time_input(),
            "closes_at": time_input(),
            "payment_due": day_input(),
            "notice": forms.Textarea(attrs={"rows": 16}),
            "consent_text": forms.Textarea(attrs={"rows": 6}),
        }
        help_texts = {
            "opens_at": _("Daylight is best: the notice sets 08:00 to 18:00."),
            "background": _(
                "Colour behind every portrait of this season. After a change each school makes its portraits again."
            ),
            "proof_workdays": _(
                "Counted from the day after the capture has ended, weekends and public holidays left out."
            ),
            "without_list": _(
                "A school that hands over no list keeps a catalogue of its classes; its students appear by the registry's capture codes."
            ),
            "retention_days": _("Then the originals are deleted; portraits stay."),
            "payment_due": _("Schools that pay for all transfer by this day."),
            "owing_rule": _("Asked when the sheets of a school are ordered, and when its parcel goes."),
            "contact_name": _("Shown to schools on every page that leads to a question."),
            "notice": _("Shown on the first page and to every school."),
            "consent_version": _("Give a new version when the text changes: students are then asked again."),
            "consent_text": _("Every student agrees to this before the first photo."),
        }

    SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (_("Season"), ("year", "graduating_class", "center_name")),
        (_("Capture"), ("opens_at", "closes_at", "background", "retention_days", "without_list")),
        (_("Proofreading and prints"), ("proof_workdays", "copies")),
        (_("Fee"), ("price_fen", "payment_due", "owing_rule", "four_eyes_fen", "payment_merchants")),
        (_("Account for transfers"), ("bank_account_name", "bank_account_no", "bank_name", "bank_code")),
        (_("Contact of the center"), ("contact_name", "contact_phone", "contact_email")),
        (_("Texts"), ("notice", "consent_version", "consent_text")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer_merchants()
        if self.instance.pk and self.instance.status != Season.Status.DRAFT:
            for name in FIXED_WHEN_OPEN:
                self.fields[name].disabled = True

    def _offer_merchants(self) -> None:
        """Those of the operator's file, and those that the season takes although the file has them no more."""
        names = list(dict.fromkeys([*settings.PAYMENT_MERCHANTS, *(self.instance.payment_merchants or [])]))
        if not names:
            del self.fields["payment_merchants"]
            return
        self.fields["payment_merchants"].choices = [(name, _merchant_label(name)) for name in names]  # type: ignore[attr-defined]

    def clean_payment_merchants(self) -> list[str]:
        names: list[str] = self.cleaned_data["payment_merchants"]
        providers = [
            settings.PAYMENT_MERCHANTS[name]["provider"] for name in names if name in settings.PAYMENT_MERCHANTS
        ]
        if len(providers) > len(set(providers)):
            raise forms.ValidationError(_("Choose one merchant of each provider: students choose by the provider."))
        return names

    def clean_without_list(self) -> str:
        chosen: str = self.cleaned_data["without_list"]
        is_taken_back = chosen == Season.WithoutList.NO and self.instance.pk
        if is_taken_back and Enrolment.objects.filter(season=self.instance.pk, hands_over_list=False).exists():
            raise forms.ValidationError(_("A school hands over no list already. It has to choose otherwise first."))
        return chosen

    def sections(self) -> list[tuple[Any, list[list[forms.BoundField]]]]:
        """[(title, rows)]. A row holds one text area, or one or two short fields."""
        return [(title, _rows([self[name] for name in names if name in self.fields])) for title, names in self.SECTIONS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        opens, closes = data.get("opens_at"), data.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("The capture must close after it opens."))
        year, graduates = data.get("year"), data.get("graduating_class")
        if year and not 2000 <= year <= 2999:
            self.add_error("year", _("Give the year with four digits."))
        if year and graduates and graduates not in (year, year + 1):
            self.add_error("graduating_class", _("A season captures the class of its own year or of the next."))
        self._check_consent()
        return data

    def _check_consent(self) -> None:
        has_been_opened = self.instance.pk and self.instance.status != Season.Status.DRAFT
        is_other = _normalised(self.cleaned_data.get("consent_text")) != _normalised(self.initial.get("consent_text"))
        if has_been_opened and is_other and "consent_version" not in self.changed_data:
            self.add_error("consent_version", _("The text has changed, so it needs a new version."))


class NewSeasonForm(SeasonForm):
    """With the schools that take part at once: those of the season before, unless one is taken out."""

    schools = forms.ModelMultipleChoiceField(
        label=_("Schools that take part"),
        queryset=School.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Their people and their settings stay. Others can be enrolled later."),
    )
    SECTIONS = (*SeasonForm.SECTIONS, (_("Schools"), ("schools",)))

    def __init__(self, *args: Any, after: Season | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if after is None:
            del self.fields["schools"]
            return
        enrolled = Enrolment.objects.filter(season=after, school__is_active=True)
        self.fields["schools"].initial = list(enrolled.values_list("school", flat=True))


def _merchant_label(name: str) -> str:
    number = settings.PAYMENT_MERCHANTS.get(name, {}).get("merchant", "")
    return f"{name} · {number}" if number else name


def _normalised(text: str | None) -> str:
    """The text without the changes of a browser: it sends CR LF, and it drops the last line end."""
    return "\n".join((text or "").split("\r\n")).strip()


def _rows(fields: list[forms.BoundField]) -> list[list[forms.BoundField]]:
    rows: list[list[forms.BoundField]] = []
    for field in fields:
        alone = isinstance(field.field.widget, forms.Textarea)
        if rows and len(rows[-1]) < 2 and not alone and not isinstance(rows[-1][0].field.widget, forms.Textarea):
            rows[-1].append(field)
        else:
            rows.append([field])
    return rows


class AreaDaysForm(forms.Form):
    """One line of the timetable (annex 1)."""

    area = forms.ModelChoiceField(Area.objects.all(), required=False, widget=forms.HiddenInput)
    position = forms.IntegerField(label=_("Order"), min_value=0, max_value=999, required=False)
    name = forms.CharField(label=_("Area"), max_length=40, required=False)
    starts_on = forms.DateField(label=_("First day"), required=False, widget=day_input())
    ends_on = forms.DateField(label=_("Last day"), required=False, widget=day_input())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        starts, ends = data.get("starts_on"), data.get("ends_on")
        if bool(starts) != bool(ends) and not {"starts_on", "ends_on"} & self.errors.keys():
            self.add_error("ends_on" if starts else "starts_on", _("Give both days, or none."))
        check_days(self)
        if not data.get("name") and (data.get("area") or starts or ends) and not self._is_removed(data):
            self.add_error("name", _("Give the area a name."))
        return data

    def _is_removed(self, data: dict[str, Any]) -> bool:
        return bool(data.get("DELETE"))


class BaseAreaDaysFormSet(forms.BaseFormSet):
    def clean(self) -> None:
        kept = [form for form in self.forms if not self._should_delete_form(form)]  # type: ignore[attr-defined]
        names = [form.cleaned_data.get("name") for form in kept]
        for form in self.forms:
            if form.cleaned_data.get("name") and names.count(form.cleaned_data["name"]) > 1:
                form.add_error("name", _("This name stands here twice."))


AreaDaysFormSet = forms.formset_factory(
    AreaDaysForm, formset=BaseAreaDaysFormSet, extra=2, can_delete=True, max_num=200
)


class MakeUpDaysForm(forms.Form):
    starts_on = forms.DateField(label=_("First day"), widget=day_input())
    ends_on = forms.DateField(label=_("Last day"), widget=day_input())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        check_days(self)
        return data


class MakeUpForm(MakeUpDaysForm):
    """Make-up days, the same for several areas."""

    areas = forms.ModelMultipleChoiceField(
        label=_("Areas"), queryset=Area.objects.all(), widget=forms.CheckboxSelectMultiple
    )
    field_order = ("areas", "starts_on", "ends_on")


class ExceptionForm(forms.ModelForm):
    """Days of one school, besides the days of its area."""

    class Meta:
        model = WindowException
        fields = ("kind", "starts_on", "ends_on", "opens_at", "closes_at", "reason")
        widgets = {
            "starts_on": day_input(),
            "ends_on": day_input(),
            "opens_at": time_input(),
            "closes_at": time_input(),
        }
        help_texts = {
            "kind": _(
                "Make-up days: only for those without an accepted photo; the proofreading goes on and its day stays."
            ),
            "opens_at": _("Empty: the hours of the season."),
            "reason": _("The school reads it, and it stays in the history."),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        check_days(self)
        if data.get("opens_at") and data.get("closes_at") and data["closes_at"] <= data["opens_at"]:
            self.add_error("closes_at", _("The capture must close after it opens."))
        return data


class DaysRequestForm(ExceptionForm):
    """Other days that a school asks for."""

    class Meta(ExceptionForm.Meta):
        model = DaysRequest  # type: ignore[assignment]
        help_texts = {
            "kind": _("Make-up days: only for those without an accepted photo."),
            "opens_at": _("Empty: the hours of the season."),
            "reason": _("The center decides on this. Please do not name students."),
        }

    def clean_starts_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["starts_on"]
        if day < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return day


class DaysAnswerForm(ExceptionForm):
    """What the center grants: the days that were asked for, unless it changes them."""

    class Meta(ExceptionForm.Meta):
        model = DaysRequest  # type: ignore[assignment]
        fields = ("kind", "starts_on", "ends_on", "opens_at", "closes_at", "answer")
        help_texts = {"opens_at": _("Empty: the hours of the season."), "answer": _("The school reads it.")}


class SchoolForm(forms.ModelForm):
    class Meta:
        model = School
        fields = ("code", "name", "short_name", "kind", "area", "address", "contact_name", "contact_phone", "is_active")
        help_texts = {
            "code": _("The national code; files and forms carry it."),
            "short_name": _("Where the full name has no room."),
            "area": _("Decides the days of the capture."),
            "address": _("The prints are sent here."),
            "contact_name": _("Who answers for the capture. Follows the person marked under People."),
        }


class SchoolExportForm(forms.Form):
    """As what file the list of schools is taken out."""

    format = forms.ChoiceField(choices=[("xlsx", ".xlsx"), ("csv", ".csv")], required=False)

    def clean_format(self) -> str:
        return self.cleaned_data["format"] or "xlsx"


class SchoolSheetForm(forms.Form):
    """Upload of schools as a workbook."""

    file = forms.FileField(
        label=_("Workbook of schools"),
        help_text=_(".xlsx, .xls, .ods or .csv, up to 2 MB, in the columns of the template."),
    )
    enrol = forms.BooleanField(label=_("Let these schools take part in the season"), required=False, initial=True)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > 2 * 1024 * 1024:
            raise forms.ValidationError(_("The file is larger than 2 MB. Keep only the sheet of schools."))
        if not file.name.lower().endswith((".xlsx", ".xls", ".ods", ".csv")):
            raise forms.ValidationError(_("Please choose an .xlsx, .xls, .ods or .csv file."))
        return file


class NoticeForm(forms.ModelForm):
    """A notice and whom it is for. The four lists narrow the schools of the season; nothing chosen: all of them."""

    areas = forms.TypedMultipleChoiceField(
        label=_("Only these areas"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    kinds = forms.MultipleChoiceField(
        label=_("Only these kinds"), required=False, choices=School.Kind, widget=forms.CheckboxSelectMultiple
    )
    phases = forms.MultipleChoiceField(
        label=_("Only schools in these states"),
        required=False,
        choices=Enrolment.Status,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("As they are at the moment of publishing."),
    )
    schools = forms.TypedMultipleChoiceField(
        label=_("Only these schools"), required=False, coerce=int, widget=forms.SelectMultiple(attrs={"size": 8})
    )

    class Meta:
        model = Notice
        fields = (
            "title", "body", "has_annexes", "for_schools", "for_students", "areas", "kinds", "phases", "schools",
            "asks_confirmation", "confirm_by",
        )  # fmt: skip
        widgets = {"body": forms.Textarea(attrs={"rows": 18}), "confirm_by": day_input()}
        help_texts = {
            "body": _(
                "# heading, ## smaller heading, - list, 1. numbered list, **bold**, | column | column | for a table."
            ),
            "has_annexes": _("Days of the areas, photo requirements and feedback form, as they are in this season."),
            "asks_confirmation": _("An administrator of each school presses a button; students each for themselves."),
            "confirm_by": _("Who has not confirmed is reminded each morning, from three days before."),
        }

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        try:
            marked_text.check(body)
        except PortalError as error:
            raise forms.ValidationError(str(error)) from error
        return body

    def __init__(self, *args: Any, season: Season, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        enrolled = School.objects.filter(pk__in=Enrolment.objects.filter(season=season).values("school"))
        choices: dict[str, list[tuple[int, str]]] = {
            "areas": list(Area.objects.values_list("pk", "name")),
            "schools": list(enrolled.values_list("pk", "name")),
        }
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]


class NoticeFileForm(forms.Form):
    file = forms.FileField(
        label=_("A file"),
        help_text=_("PDF, Word (.docx) or Excel (.xlsx), at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.docx,.xlsx"}),
    )


class PublishForm(forms.Form):
    """The first version needs neither field."""

    change = forms.CharField(
        label=_("What is new"), required=False, max_length=200, help_text=_("Stands at the top of the new version.")
    )
    asks_again = forms.BooleanField(label=_("Ask everybody to confirm again"), required=False, initial=True)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class LetterForm(forms.Form):
    text = forms.CharField(label=_("Text"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6}))


class InquiryForm(LetterForm):
    """A new subject of a school."""

    topic = forms.ChoiceField(label=_("Topic"), choices=Inquiry.Topic, help_text=_("Tells who at the center reads it."))
    subject = forms.CharField(label=_("Subject"), max_length=80)
    field_order = ("topic", "subject", "text")
