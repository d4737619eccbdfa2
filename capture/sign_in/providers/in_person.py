"""Six digits that a helper at a station gives to a student whose document was looked at: capture.stations.documents."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from capture.sign_in import matching
from capture.sign_in.providers.base import Asked, MaskedIdentity, Refused, SeenDocument, Strength, Visit
from capture.stations import documents


def _text_input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"} | attrs)


class DigitsForm(forms.Form):
    student_no = forms.CharField(
        label=_("Student number"), max_length=32, widget=_text_input(), help_text=_("As on your student card.")
    )
    digits = forms.RegexField(
        r"^\s*[0-9]{6}\s*$",
        label=_("Six digits of the helper"),
        widget=_text_input(inputmode="numeric"),
        help_text=_("Show your document at a station of your school. They are good for ten minutes, once."),
        error_messages={"invalid": _("These are six digits.")},
    )


class InPerson:
    name = "in_person"
    title = _("In person")
    lead = _("A helper at a station has seen your document and given you six digits.")
    proves = _("A helper at a station has looked at the document; who it was stands in the history.")
    strength = Strength.SEEN
    names_newcomers = False

    def is_set_up(self) -> bool:
        return True

    def start(self, visit: Visit) -> Asked:
        return Asked(DigitsForm)

    def identities(self, values: Mapping[str, Any]) -> list[tuple[str, ...]]:
        return [("digits", matching.comparable(values["student_no"]))]

    def verify(self, visit: Visit, values: Mapping[str, Any]) -> SeenDocument:
        seen = documents.take(values["student_no"], values["digits"])
        if seen is None:
            raise Refused(
                _gettext("These digits are wrong, used up or older than ten minutes. Ask the helper for new ones."),
                why="digits",
                claim=MaskedIdentity(values["student_no"]),
            )
        return SeenDocument(values["student_no"], seen.student, seen.helper, seen.station)


PROVIDER = InPerson()
