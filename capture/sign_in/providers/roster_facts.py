"""Name, document number and student number, as the school's roster has them. Every classmate with a list knows them."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capture.sign_in import matching
from capture.sign_in.providers.base import Asked, Facts, Strength, Visit
from students.identity import id_encryption


def _text_input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"} | attrs)


class FactsForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
        help_text=_("Exactly as on your identity document."),
    )
    id_number = forms.CharField(
        label=_("Document number"),
        max_length=40,
        widget=_text_input(autocapitalize="characters"),
        help_text=_("The number of your ID card or passport, as registered by your school."),
    )
    student_no = forms.CharField(
        label=_("Student number"), max_length=32, widget=_text_input(), help_text=_("As on your student card.")
    )


class RosterFacts:
    name = "roster_facts"
    title = _("Name and numbers")
    lead = _("Sign in with what your school has registered. No account and no password is needed.")
    proves = _("Name, document number and student number are those of the roster. Whoever has a list knows them.")
    strength = Strength.KNOWS
    names_newcomers = False

    def is_set_up(self) -> bool:
        return True

    def start(self, visit: Visit) -> Asked:
        return Asked(FactsForm)

    def identities(self, values: Mapping[str, Any]) -> list[tuple[str, ...]]:
        """The document number, and name with student number: so nobody guesses what the mask hides."""
        return [
            ("number", id_encryption.digest(values["id_number"])),
            ("student", matching.comparable(values["name"]), matching.comparable(values["student_no"])),
        ]

    def verify(self, visit: Visit, values: Mapping[str, Any]) -> Facts:
        return Facts(name=values["name"], id_number=values["id_number"], student_no=values["student_no"])


PROVIDER = RosterFacts()
