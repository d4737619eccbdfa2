"""Forms of the year's end."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.errors import PortalError
from portal.pages.form_fields import YuanField
from year_end import scoring
from year_end.models import Award, Bulletin, ScoringRules

NAME_LENGTH = 60


class PersonsField(forms.CharField):
    """One person a line: the name, and after a comma what the person does. [{"name", "post"}] in `cleaned_data`."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join("，".join(filter(None, (person["name"], person["post"]))) for person in value)

    def clean(self, value: Any) -> list[dict[str, str]]:
        persons = []
        for line in str(super().clean(value)).splitlines():
            name, *post = (part.strip() for part in re.split("[,，]", line, maxsplit=1))
            if name:
                persons.append({"name": name, "post": post[0] if post else ""})
        if any(len(text) > NAME_LENGTH for person in persons for text in person.values()):
            raise forms.ValidationError(
                _("Keep each name and post under %(n)d characters; one person a line.") % {"n": NAME_LENGTH}
            )
        return persons


class AwardForm(forms.ModelForm):
    """What the center decides about one school."""

    persons = PersonsField(
        label=gettext_lazy("Commended persons"),
        required=False,
        help_text=gettext_lazy("One person a line: the name, and after a comma what the person does."),
    )
    allowance_fen = YuanField(label=gettext_lazy("Work allowance (yuan)"))

    class Meta:
        model = Award
        fields = ("is_commended", "persons", "is_criticised", "allowance_fen")


class BulletinForm(forms.ModelForm):
    """`sha256`: of the ranking whose figures stood beside the text."""

    class Meta:
        model = Bulletin
        fields = ("title", "text", "sha256")
        widgets = {"text": forms.Textarea(attrs={"rows": 22}), "sha256": forms.HiddenInput}


class ScoringForm(forms.ModelForm):
    allowance_fen = YuanField(label=gettext_lazy("Allowance a photographed student (yuan)"))

    class Meta:
        model = ScoringRules
        fields = (*ScoringRules.PARTS, *ScoringRules.OTHERS)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                scoring.check_points({name: found[name] for name in ScoringRules.PARTS})
            except PortalError as error:
                raise forms.ValidationError(str(error)) from None
        return found
