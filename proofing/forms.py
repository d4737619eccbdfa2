"""Forms of proofreading and of the feedback form."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _

from portal.pages.form_fields import PickedForm
from portal.untrusted import scans
from proofing.models import Feedback
from students.models import Correction, Student

NO_SCAN = _("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG.")


class ScanField(forms.FileField):
    """A picture or a PDF of a sheet of paper. Its name and its first bytes say the same: a PDF is one."""

    def __init__(self, **kwargs: Any) -> None:
        kinds = ("pdf", "jpg", "jpeg", "png", "heic", "heif", "webp", "avif")
        super().__init__(validators=[FileExtensionValidator(kinds, NO_SCAN)], **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file is None:
            return None
        begins_as_pdf = file.read(1024).lstrip().startswith(b"%PDF-")
        file.seek(0)
        if begins_as_pdf != file.name.lower().endswith(".pdf"):
            raise forms.ValidationError(scans.REFUSALS["no_pdf"] if not begins_as_pdf else NO_SCAN)
        return file


EVIDENCE = _("A photo of the document, or its scan as PDF: JPEG, PNG or HEIC.")


class CorrectionForm(forms.ModelForm):
    """The correction of one field. `fields_open`: which may be corrected now; `is_staff`: not the student asks."""

    evidence = ScanField(
        label=_("Evidence"),
        required=False,
        help_text=_(
            "For name, document and gender: a photo of the document, or its scan as PDF. Only the two persons who decide see it."
        ),
    )

    class Meta:
        model = Correction
        fields = ("field", "wanted", "wanted_type", "explanation")
        widgets = {"explanation": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "wanted": _(
                "As it stands in your document. Leave it empty for the portrait; for the gender write 男 or 女."
            ),
            "wanted_type": _("Only for a document number, and only when the type is wrong too."),
            "explanation": _("What the school should know to decide; for the portrait, what is wrong with it."),
        }

    def __init__(self, *args: Any, fields_open: Iterable[str], is_staff: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_staff = is_staff
        wanted: Any = self.fields["field"]
        wanted.choices = [("", _("Please choose")), *[one for one in Correction.Field.choices if one[0] in fields_open]]
        kinds: Any = self.fields["wanted_type"]
        kinds.choices = [("", _("As recorded")), *Student.DOCUMENTS]
        if is_staff:
            self.fields["wanted"].required = True
            self.fields["wanted"].help_text = _("As it stands in the document; for the gender write 男 or 女.")
            self.fields["explanation"].help_text = _("What the second person should know.")
            self.fields["evidence"].help_text = EVIDENCE

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("field") == Correction.Field.GENDER:
            data["wanted"] = _gender(data.get("wanted", ""))
        needs_evidence = not self.is_staff and data.get("field") in Correction.TWO_PERSONS
        if needs_evidence and not data.get("evidence") and "evidence" not in self.errors:
            self.add_error("evidence", _("Add a photo of the document: without it nobody can decide."))
        return data


class EvidenceForm(forms.Form):
    evidence = ScanField(
        label=_("Evidence"), help_text=EVIDENCE, error_messages={"required": _("Choose the picture first.")}
    )


def _gender(word: str) -> str:
    known = {"男": Student.Gender.MALE.value, "女": Student.Gender.FEMALE.value}
    known |= {str(gender.label).lower(): gender.value for gender in Student.Gender}
    return known.get(word.strip().lower(), word)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("Answer to the student"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class SettleForm(PickedForm, ReasonForm):
    """The ticked students, or `all` who have not answered, with one reason."""

    all = forms.BooleanField(required=False, widget=forms.HiddenInput)


class DecisionForm(AnswerForm):
    do = forms.ChoiceField(
        choices=[(do, "") for do in ("check", "accept", "framed", "decline", "withdraw")], widget=forms.HiddenInput
    )


class FeedbackForm(forms.ModelForm):
    """The school's answers on the feedback form. Empty answers are filled in by hand on paper."""

    class Meta:
        model = Feedback
        fields = ("quality", "service", "remarks", "handler_name", "handler_phone")
        widgets = {
            "quality": forms.RadioSelect,
            "service": forms.RadioSelect,
            "remarks": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "remarks": _("Printed on the form; the center reads it."),
            "handler_phone": _("For questions of the center about this form."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("quality", "service"):
            self.fields[name].choices = Feedback.Opinion.choices  # type: ignore[attr-defined]


class StampedForm(forms.Form):
    stamped = ScanField(
        label=_("The stamped form"),
        help_text=_("A scan as PDF, or a photo of the whole sheet as JPEG, PNG or HEIC."),
        error_messages={"required": _("Choose the file of the stamped form first.")},
    )
