"""A real-name service says that name and number of the identity card belong together. Whoever has a list knows both."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from capture.sign_in import real_name
from capture.sign_in.providers.base import Asked, Errand, Facts, Refused, Strength, Visit
from capture.sign_in.providers.roster_facts import PROVIDER as ROSTER_FACTS
from capture.sign_in.providers.roster_facts import FactsForm
from capture.sign_in.real_name import asking
from capture.sign_in.real_name.asking import Answer
from capture.sign_in.real_name.base import Denied, Person
from schools.models import Season
from students.identity import id_encryption, id_numbers
from students.models import Student


class ServiceForm(FactsForm):
    """The facts of the roster, and the consent that they go to the services, which it names."""

    agrees_to_service = forms.BooleanField(error_messages={"required": _("Without this consent choose another way.")})
    with_face = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [str(real_name.title_of(name)) for name in real_name.accounts(with_face=self.with_face)]
        self.fields["agrees_to_service"].label = self.sentence() % {"services": _gettext(", or else ").join(names)}

    @staticmethod
    def sentence() -> str:
        return _gettext(
            "I agree that my name and document number go to %(services)s, which says whether they belong together. The"
            " answer is not kept. Other ways to sign in need no such service."
        )

    def clean_id_number(self) -> str:
        number: str = self.cleaned_data["id_number"]
        if id_numbers.problem_of(id_encryption.normalise(number), Student.IdType.RESIDENT):
            raise forms.ValidationError(
                _(
                    "Real-name services know resident identity cards only. Look for a typing error, or choose another way."
                )
            )
        return number


class RealName:
    name = "real_name"
    title = _("Real-name service")
    lead = _("A real-name service says whether your name and document number belong together.")
    proves = _("Name and number of the identity card belong together. Whoever has a list knows both.")
    strength = Strength.KNOWS
    names_newcomers = False
    form: type[forms.Form] = ServiceForm

    def is_set_up(self) -> bool:
        return bool(real_name.accounts())

    def start(self, visit: Visit) -> Asked:
        return Asked(self.form, template="capture/_real_name.html", is_simulated=real_name.is_simulated())

    def identities(self, values: Mapping[str, Any]) -> list[tuple[str, ...]]:
        return ROSTER_FACTS.identities(values)

    def verify(self, visit: Visit, values: Mapping[str, Any]) -> Facts:
        return ROSTER_FACTS.verify(visit, values)

    def confirm(self, visit: Visit, person: Person) -> Answer | Errand:
        try:
            return asking.check(person, visit.season)
        except Denied as error:
            raise refusal(error) from error

    def result(self, season: Season, person: Person, errand: Errand) -> Answer:
        raise AssertionError("This way has no errand.")


def refusal(error: Denied) -> Refused:
    sentences = {
        "mismatch": _gettext(
            "The service says that this name and this document number do not belong together. They are those of the"
            " roster: ask your school to put it right, or go to a station with your document."
        ),
        "no_record": _gettext(
            "The service has no record of this document number. Sign in another way, or go to a station with your"
            " document."
        ),
        "format": _gettext(
            "The service does not take this name or number. Sign in another way, or go to a station with your document."
        ),
        "face": _gettext(
            "The service did not recognise your face as a live one that fits your identity card. Try once more in good"
            " light, without mask and cap, or go to a station with your document."
        ),
        "expired": _gettext("This check is too old or used up. Please begin again."),
    }
    return Refused(sentences[error.why], why=f"service_{error.why}")


PROVIDER = RealName()
