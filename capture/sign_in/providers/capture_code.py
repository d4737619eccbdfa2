"""The registry's capture code (采集码): a QR code that only its student can fetch. See capture.sign_in.decoder."""

import logging
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from capture.sign_in import code_pictures, decoder, matching
from capture.sign_in.providers.base import Asked, MaskedIdentity, Refused, Strength, Visit
from portal.errors import PortalError

log = logging.getLogger(__name__)
LONGEST_CODE = 4000  # characters


class OutOfReach(PortalError):
    """Nothing is known of the code: the decoder does not answer."""

    status = 503


class CodeForm(forms.Form):
    student_no = forms.CharField(
        label=_("Student number"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("As on your student card."),
    )
    # What a camera has read; then no picture is needed.
    capture_code = forms.CharField(required=False, max_length=LONGEST_CODE, widget=forms.HiddenInput)
    picture = forms.FileField(
        label=_("Picture of your capture code"),
        error_messages={"required": _("Choose the picture of your capture code.")},
        widget=forms.FileInput(attrs={"accept": "image/*"}),
        help_text=_(
            "On the registry's page, press and hold the code and choose “Save picture”; screenshots often cannot be read."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["picture"].required = not self.data.get("capture_code")


class CaptureCode:
    name = "capture_code"
    title = _("Capture code")
    lead = _("Sign in with the capture code that the registry gives you, and your student number.")
    proves = _("The registry's code with name and document number (masked) fits the roster; one code is one student.")
    strength = Strength.HOLDS
    names_newcomers = True

    def is_set_up(self) -> bool:
        return decoder.is_set_up()

    def start(self, visit: Visit) -> Asked:
        simulator = "capture:simulated_code" if decoder.is_simulated() else ""
        return Asked(CodeForm, template="capture/_capture_code.html", uses_camera=True, simulator=simulator)

    def identities(self, values: Mapping[str, Any]) -> list[tuple[str, ...]]:
        return [("code", matching.comparable(values["student_no"]))]

    def verify(self, visit: Visit, values: Mapping[str, Any]) -> MaskedIdentity:
        student_no = values["student_no"]
        text = values.get("capture_code") or code_pictures.text_of(values["picture"].read())
        try:
            found = decoder.decode(text)
        except decoder.CodeRefused as refused:
            raise Refused(_sentence(refused.why), why=refused.why, claim=MaskedIdentity(student_no)) from refused
        except decoder.DecoderError as error:
            log.warning("The decoder of capture codes: %s", error)
            raise OutOfReach(
                _gettext("The registry's decoder does not answer. Try again in a minute, or sign in another way.")
            ) from error
        return MaskedIdentity(student_no, found.masked_name, found.masked_document, found.number)


def _sentence(why: str) -> str:
    if why == "expired":
        return _gettext("This capture code has expired. Fetch a new one from the registry and save it by a long press.")
    return _gettext("This is no capture code of the registry. Send the code that the registry gave you.")


PROVIDER = CaptureCode()
