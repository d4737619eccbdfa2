"""Forms of proofreading and of the feedback form."""

from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _

from portal.pages.form_fields import PickedForm
from portal.untrusted import scans
from proofing.models import Feedback
from students.models import Correction, Student


class CorrectionForm(forms.ModelForm):
    """A student asks for a correction of one field."""

    class Meta:
        model = Correction
        fields = ("field", "wanted", "explanation")
        widgets = {"explanation": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "wanted": _(
                "As it stands in your document. Leave it empty for the portrait; for the gender write 男 or 女."
            ),
            "explanation": _("What the school should know to decide; for the portrait, what is wrong with it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["field"]
        choice.choices = [("", _("Please choose")), *Correction.Field.choices]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("field") == Correction.Field.GENDER:
            data["wanted"] = _gender(data.get("wanted", ""))
        return data


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
    do = forms.ChoiceField(choices=[("accept", ""), ("framed", ""), ("decline", "")], widget=forms.HiddenInput)


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


NO_SCAN = _("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG.")


class StampedForm(forms.Form):
    stamped = forms.FileField(
        label=_("The stamped form"),
        help_text=_("A scan as PDF, or a photo of the whole sheet as JPEG, PNG or HEIC."),
        error_messages={"required": _("Choose the file of the stamped form first.")},
        validators=[FileExtensionValidator(("pdf", "jpg", "jpeg", "png", "heic", "heif", "webp", "avif"), NO_SCAN)],
    )

    def clean_stamped(self) -> Any:
        """The file. Its name and its first bytes say the same: a PDF is one, and nothing else is named so."""
        file = self.cleaned_data["stamped"]
        begins_as_pdf = file.read(1024).lstrip().startswith(b"%PDF-")
        file.seek(0)
        if begins_as_pdf != file.name.lower().endswith(".pdf"):
            raise forms.ValidationError(scans.REFUSALS["no_pdf"] if not begins_as_pdf else NO_SCAN)
        return file
