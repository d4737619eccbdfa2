"""Forms: the ways to sign in, the reviewer's reason, limits of the photo rules, stations, notice,
frame."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import vision
from capture.judging import limit_preview, limits
from capture.models import Exemption, LimitSet, Photo, Slot, Station
from capture.review import appeals, exemptions
from capture.same_person import admission_upload
from capture.sign_in import offers
from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Strength
from portal.pages.form_fields import day_input, time_input
from schools.models import Enrolment, Season
from students.models import CatalogueClass


class ConfirmForm(forms.Form):
    version = forms.CharField(max_length=20, widget=forms.HiddenInput)
    is_me = forms.BooleanField(
        label=_("These details are mine and correct."), error_messages={"required": _("Please confirm your details.")}
    )
    agrees = forms.BooleanField(
        label=_("I have read the text above and agree."),
        error_messages={"required": _("Without your consent no portrait can be made.")},
    )
    face_comparison = forms.BooleanField(
        label=_("My photo may be compared with those of all others, so that nobody uses another's."),
        help_text=_("Without it a person looks at your photo instead, which may take longer."),
        required=False,
    )
    admission_comparison = forms.BooleanField(
        label=_("My face may be compared with my admission photo and with the photos of my school."),
        help_text=_("So it is noticed before graduation if a photo will not be recognised. Without it a person looks."),
        required=False,
    )
    film = forms.BooleanField(
        label=_("A second of small pictures from just before the shutter may be sent with my photo."),
        help_text=_(
            "They show that a real person was there, not a picture, and are deleted after the review. Without them nothing else changes."
        ),
        required=False,
    )
    printing = forms.BooleanField(
        label=_("My portrait, name and document number may go to the printing house."),
        help_text=_("Without it you get no printed photos; the electronic portrait is still made."),
        required=False,
    )
    says_under_age = forms.TypedChoiceField(
        label=_("Are you under 14?"),
        choices=[("no", _("No, I am 14 or older")), ("yes", _("Yes, I am under 14"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Please say whether you are under 14.")},
    )
    guardian_name = forms.CharField(
        label=_("Name of the parent or guardian"),
        max_length=60,
        help_text=_("You are under 14: your parent or guardian reads the text, ticks the boxes and gives their name."),
    )

    def __init__(self, *args: Any, under_age: bool | None, at_station: bool = False, **kwargs: Any) -> None:
        """`under_age`: None where the student is asked. At a station no guardian signs."""
        super().__init__(*args, **kwargs)
        if under_age is not None:
            del self.fields["says_under_age"]
        if under_age is False or at_station:
            del self.fields["guardian_name"]
        elif under_age is None:
            guardian = self.fields["guardian_name"]
            guardian.required = False
            guardian.help_text = _(
                "Only under 14: your parent or guardian reads the text, ticks the boxes and gives their name."
            )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("says_under_age") and given.get("guardian_name") == "":
            self.add_error("guardian_name", _("Under 14 a parent or guardian has to agree and give their name."))
        return given


class OwnNumberForm(forms.Form):
    """Asked before the copy of the own data."""

    id_number = forms.CharField(
        label=_("Document number"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        help_text=_("So that nobody else takes your data on a device that you left open."),
    )


class AdmissionFileForm(forms.Form):
    file = forms.FileField(
        label=_("Archive or workbook of the pictures"),
        help_text=_("A .zip or .xlsx file of at most 1.5 GB. It is read first; nothing is stored before you confirm."),
        widget=forms.FileInput(attrs={"accept": ".zip,.xlsx"}),
    )


class AdmissionPartForm(forms.Form):
    name = forms.CharField(max_length=255)
    parts = forms.IntegerField(min_value=1, max_value=admission_upload.MAX_PARTS + 1)


class ChosenClassForm(forms.Form):
    """The class of a student who is on no list, out of the school's catalogue."""

    entry = forms.ChoiceField(
        label=_("Major and class"),
        help_text=_("Not there? Ask your school: it keeps this list."),
        error_messages={"required": _("Choose your class."), "invalid_choice": _("Choose your class.")},
    )

    def __init__(self, *args: Any, classes: list[CatalogueClass], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.classes = {str(row.pk): row for row in classes}
        grouped: dict[str, list[tuple[str, str]]] = {}
        for row in classes:
            grouped.setdefault(row.major, []).append((str(row.pk), row.class_name))
        field: Any = self.fields["entry"]
        field.choices = [("", _("Please choose")), *grouped.items()]

    @property
    def chosen(self) -> CatalogueClass:
        return self.classes[self.cleaned_data["entry"]]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The student reads this sentence: say what is wrong and what to do."),
        error_messages={"required": _("Please give the reason: the student has to know what to do.")},
    )


class ForgetForm(forms.Form):
    """Why a number of the registry is forgotten. The history keeps it; the student does not read it."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class AppealForm(forms.Form):
    """Its rule function checks the reason: the API calls it with the same values."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=Photo.Appeal,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose why a person should look at the photo.")},
    )
    words = forms.CharField(
        label=_("What should the person know?"),
        required=False,
        max_length=appeals.WORDS_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("You do not have to write anything. Please do not write about an illness."),
    )


class ExemptionForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=Exemption.Kind,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what it is.")},
    )
    words = forms.CharField(
        label=_("In a sentence"),
        required=False,
        max_length=exemptions.WORDS_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What your school should know to confirm it. Write no diagnosis, and send no document."),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("Reason"),
        max_length=exemptions.ANSWER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The student reads this sentence."),
        error_messages={"required": _("Tell the student why.")},
    )


class LimitsForm(forms.Form):
    """Every limit of every rule, in the unit that people read; an empty field means the default.

    The field of a limit is called "rule.name", the field that switches it off "rule.name.off".
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    approves_green = forms.BooleanField(label=_("Approve green photos without a person"), required=False)
    rejects_red = forms.BooleanField(label=_("Send red photos back without a person"), required=False)
    days = forms.ChoiceField(
        label=_("Photos of"),
        required=False,
        choices=[
            (limit_preview.WHOLE_SEASON, _("the whole season")),
            (1, _("the last day")),
            (3, _("the last 3 days")),
            (7, _("the last 7 days")),
        ],
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=limits.REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stays in the history beside your name."),
        error_messages={
            "required": _("Please give the reason: whoever is judged by these limits may ask for it."),
        },
    )

    def __init__(
        self,
        *args: Any,
        limit_set: LimitSet,
        is_saved: bool = True,
        proposed: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """`proposed`: {"rule.limit": number} that another page proposes, in the unit of the field; they stand in the fields and
        are not saved yet."""
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = is_saved  # a preview needs no reason
        self.initial.update(
            {name: getattr(limit_set, name) for name in limits.SWITCHES}, version=limits.version_of(limit_set)
        )
        for rule in vision.RULES:
            for limit in rule.limits.values():
                label = f"{rule.title}{gettext(': ')}{limit.text}"
                value = limit_set.changes.get(rule.name, {}).get(limit.name, limit.default)
                self._add(f"{rule.name}.{limit.name}", label, limit, value)
        self.proposed = [key for key in (proposed or {}) if isinstance(self.fields.get(key), forms.FloatField)]
        for key in self.proposed:
            self.initial.update({key: (proposed or {})[key], f"{key}.off": False})

    def _add(self, key: str, label: str, limit: vision.Limit, value: float | None) -> None:
        default = limit.default
        shown = "–" if default is None else f"{limit.unit.shown(default):g}"
        number = forms.NumberInput(attrs={"step": "any", "min": "0", "placeholder": shown, "inputmode": "decimal"})
        self.fields[key] = forms.FloatField(label=label, required=False, widget=number)
        self.initial[key] = None if value is None or value == default else f"{limit.unit.shown(value):g}"
        if default is not None:
            self.fields[f"{key}.off"] = forms.BooleanField(required=False, label=_("off"))
            self.initial[f"{key}.off"] = value is None

    def clean_days(self) -> int:
        return int(self.cleaned_data["days"] or limit_preview.DAYS[0])

    def wanted(self) -> dict[str, Any]:
        """The keyword arguments of `limits.draft_set` and `limits.change_limits`, except for the
        reason."""
        data = self.cleaned_data
        changes = {
            rule.name: {name: self._value(f"{rule.name}.{name}", limit) for name, limit in rule.limits.items()}
            for rule in vision.RULES
        }
        return {"changes": changes} | {name: data[name] for name in limits.SWITCHES}

    def _value(self, key: str, limit: vision.Limit) -> float | None:
        if self.cleaned_data.get(f"{key}.off"):
            return None
        number = self.cleaned_data.get(key)
        return limit.default if number is None else limit.unit.stored(number)

    def concerns(self, rule: str) -> bool:
        """Whether a limit of this rule was typed, proposed or refused."""
        return any(key.startswith(f"{rule}.") for key in self._touched)

    @cached_property
    def _touched(self) -> list[str]:
        return [*self.changed_data, *self.errors] if self.is_bound else self.proposed

    def refuse(self, error: Exception) -> None:
        """Add the message of an error, to the field of its limit if it names one."""
        key = getattr(error, "limit", "")
        self.add_error(key if key in self.fields else None, str(error))


class AgreementForm(forms.Form):
    """The days of which the decisions are compared with the rules."""

    days = forms.ChoiceField(required=False, choices=[(7, _("7 days")), (30, _("30 days")), (366, _("The season"))])

    def wanted_days(self) -> int:
        return int(self.cleaned_data["days"] or 30) if self.is_valid() else 30


class StationForm(forms.ModelForm):
    class Meta:
        model = Station
        fields = (
            "name", "place", "opens_at", "closes_at", "break_from", "break_to", "on_days_off", "per_hour", "helper",
            "has_soft_light", "remarks",
        )  # fmt: skip
        widgets = {name: time_input() for name in ("opens_at", "closes_at", "break_from", "break_to")}
        help_texts = {
            "place": _("Building and room, so that students find it."),
            "break_from": _("Nobody is called during a break. Empty: none."),
            "on_days_off": _("On weekends and holidays that lie in the days of your school."),
            "per_hour": _("How many students the station takes in an hour. A helper with a tablet manages about 30."),
            "helper": _("Who keeps order and helps there."),
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        opens, closes = given.get("opens_at"), given.get("closes_at")
        begins, ends = given.get("break_from"), given.get("break_to")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("A station closes after it opens."))
        elif opens and closes and (begins or ends) and not (begins and ends and opens < begins < ends < closes):
            self.add_error("break_to", _("A break needs both times, and lies inside the station's hours."))
        return given


class PlanForm(forms.Form):
    """From which day on the classes are planned."""

    from_day = forms.DateField(label=_("Plan from"), widget=day_input())


class SlotForm(forms.ModelForm):
    """Another station, day or time for a class; of a new slot, the class too."""

    group = forms.ChoiceField(label=_("Class"))
    station: forms.ModelChoiceField = forms.ModelChoiceField(label=_("Station"), queryset=None)

    class Meta:
        model = Slot
        fields = ("day", "starts_at", "ends_at")
        widgets = {"day": day_input(), "starts_at": time_input(), "ends_at": time_input()}

    field_order = ("group", "station", "day", "starts_at", "ends_at")

    def __init__(self, *args: Any, classes: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stations = cast(forms.ModelChoiceField, self.fields["station"])
        stations.queryset, stations.initial = (
            Station.objects.filter(season=self.instance.season),
            self.instance.station_id,
        )
        if self.instance.pk:
            del self.fields["group"]
        else:
            found = [(json.dumps(key, ensure_ascii=False), " · ".join(filter(None, key))) for key in classes]
            first = [("", gettext("Choose the college and the major above first."))]
            cast(forms.ChoiceField, self.fields["group"]).choices = found or first

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("group"):
            self.instance.college, self.instance.class_name = json.loads(given["group"])
        if given.get("station"):
            self.instance.station = given["station"]
        return given

    def validate_constraints(self) -> None:
        """The rule (`capture.stations.slots`) says it in a sentence."""


class SignInWaysForm(forms.Form):
    """One field a way to sign in: where it stands among those that a season offers. And what photographing needs."""

    photograph_strength = forms.ChoiceField(
        label=_("To photograph, behind the sign-in stands at least"),
        choices=[("", _("what the way offers: nothing more is asked for")), *Strength.choices[1:]],
        required=False,
        help_text=_(
            "Who has signed in by less may read and pay, and is asked for another way before the camera opens. At a"
            " station nobody is asked: a helper is there."
        ),
    )

    def __init__(self, *args: Any, season: Season, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ways = list(all_providers().values())
        first = [(str(n), gettext("Offered, place %(n)d") % {"n": n}) for n in range(1, len(self.ways) + 1)]
        choices = [("", gettext("Not offered")), ("school", gettext("Schools may add it")), *first]
        for way in self.ways:
            select = forms.Select(attrs={"aria-label": way.title})
            self.fields[way.name] = forms.ChoiceField(label=way.title, choices=choices, required=False, widget=select)
            self.initial[way.name] = self._place(season, way.name)
        self.initial["photograph_strength"] = season.photograph_strength

    @staticmethod
    def _place(season: Season, name: str) -> str:
        if name in season.sign_in_offered:
            return str(season.sign_in_offered.index(name) + 1)
        return "school" if name in season.sign_in_allowed else ""

    def rows(self) -> list[tuple[Any, forms.BoundField, Any]]:
        """[(way, its field, in words where it stands)]."""
        words = dict(cast(forms.ChoiceField, self.fields[self.ways[0].name]).choices)  # type: ignore[arg-type]
        return [(way, self[way.name], words[self.initial[way.name]]) for way in self.ways]

    @property
    def photograph_strength_words(self) -> Any:
        choices = cast(forms.ChoiceField, self.fields["photograph_strength"]).choices
        return dict(choices)[self.initial["photograph_strength"]]  # type: ignore[arg-type]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        places = [place for place in self.places(data).values() if place.isdigit()]
        if len(places) > len(set(places)):
            raise forms.ValidationError(_("Two ways have the same place. Give each its own."))
        return data

    def places(self, data: dict[str, Any]) -> dict[str, str]:
        """{way: its place} of the cleaned values."""
        return {way.name: data.get(way.name, "") for way in self.ways}


class StudentNoticeForm(forms.ModelForm):
    sign_in_added = forms.MultipleChoiceField(
        label=_("Other ways to sign in"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Your students can use them besides those that the center offers to all."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = offers.may_add(self.instance.season)
        if not ways:
            del self.fields["sign_in_added"]
            return
        choices = [(way.name, f"{way.title}: {way.proves}") for way in ways]
        cast(forms.MultipleChoiceField, self.fields["sign_in_added"]).choices = choices

    class Meta:
        model = Enrolment
        fields = ("student_notice", "allow_file", "only_in_slots", "sign_in_added")
        widgets = {"student_notice": forms.Textarea(attrs={"rows": 8})}
        help_texts = {
            "student_notice": _("Students read it before they photograph: where to go, what to wear, whom to ask."),
            "allow_file": _(
                "Turn it off when every student can come to a station: the camera page is harder to deceive."
            ),
            "only_in_slots": _(
                "Off: the slots are an invitation, and on the days of your school everybody can photograph at any time."
            ),
        }


class FrameForm(forms.Form):
    """The place of the head in the portrait. The rule function checks it against the standard."""

    face_width = forms.FloatField(min_value=1, max_value=2000)
    eye_line = forms.FloatField(min_value=-2000, max_value=2000)
    sideways = forms.FloatField(min_value=-2000, max_value=2000)
    tilt = forms.FloatField(min_value=-180, max_value=180)
