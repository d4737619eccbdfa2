"""Forms of delivery and of the hand-over: the center's shipment, the school's receipt, the registry's certificate and answer."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.pages.form_fields import PickedForm, day_input
from printing import volume_numbers
from printing.handover import certificates
from printing.models import Again, HandoverPackage, Shipment, Volume


class OwingReasonField(forms.CharField):
    """Why something goes on for a school that owes; asked by the season's rule, kept in the history."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Reason for going on although money is owed"),
            max_length=200,
            required=False,
            help_text=_("It stays in the history."),
        )


class OrderForm(PickedForm):
    """The schools whose sheets are ordered."""

    reason = OwingReasonField()

    def __init__(self, *args: Any, wants_reason: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = wants_reason


class VolumesField(forms.CharField):
    """The numbers of volumes, such as 1–20, 25; a list in `cleaned_data`. At first all of `volumes`."""

    def __init__(self, volumes: Sequence[Volume]) -> None:
        self.numbers = [volume.number for volume in volumes]
        super().__init__(
            label=_("Volumes in this parcel"),
            initial=volume_numbers.written(self.numbers),
            max_length=200,
            help_text=_(
                "Such as 1–20, 25. What does not fit goes in another parcel; its number is entered afterwards."
            ),
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            asked = volume_numbers.read(text)
        except ValueError as error:
            raise forms.ValidationError(_("Write the volumes as numbers, such as 1–20, 25.")) from error
        if not set(asked) <= set(self.numbers):
            raise forms.ValidationError(
                _("Not sent yet are the volumes %(numbers)s.") % {"numbers": volume_numbers.written(self.numbers)}
            )
        return asked


class ShipmentForm(forms.ModelForm):
    reason = OwingReasonField()

    class Meta:
        model = Shipment
        fields = ("carrier", "tracking_no", "shipped_on", "address", "remarks")
        widgets = {"shipped_on": day_input()}
        help_texts = {
            "tracking_no": _("The school follows the parcel by it."),
            "address": _("From the register of schools; change it here for this parcel only."),
        }

    def __init__(self, *args: Any, is_owing: bool = False, volumes: Sequence[Volume] = (), **kwargs: Any) -> None:
        """`volumes`: those that are in no parcel yet; of several, it is asked which go in this one."""
        super().__init__(*args, **kwargs)
        self.fields["shipped_on"].initial = timezone.localdate
        if not is_owing:
            del self.fields["reason"]
        if len(volumes) > 1:
            self.fields["volumes"] = VolumesField(volumes)


class RunActionForm(forms.Form):
    do = forms.ChoiceField(
        choices=[("rebuild", ""), ("leave_out", ""), ("printed", "")],
        widget=forms.HiddenInput,
        error_messages={
            "required": _("Choose what is to be done with the run."),
            "invalid_choice": _("Choose what is to be done with the run."),
        },
    )


class ReceiptForm(forms.Form):
    received_by = forms.CharField(
        label=_("Signed for by"), max_length=80, help_text=_("Who counted the sheets and signed the packing list.")
    )
    remarks = forms.CharField(
        label=_("Remarks"),
        max_length=200,
        required=False,
        help_text=_(
            "What concerns the whole parcel. Single sheets that are missing or damaged are reported by student."
        ),
    )


class SheetReportForm(PickedForm):
    """The students whose sheets are missing or damaged."""

    reason = forms.ChoiceField(
        choices=[(value, label) for value, label in Again.choices if value != Again.CORRECTED],
        error_messages={"required": _("Say whether the sheets are missing or damaged.")},
    )


class ReceiverForm(forms.Form):
    """The certificate that packages are encrypted for."""

    name = forms.CharField(
        label=_("Receiver"), max_length=80, help_text=_("Office and person that open the packages at the registry.")
    )
    text = forms.CharField(
        label=_("OpenPGP certificate (public key)"),
        max_length=certificates.MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("The whole text of the .asc file that the registry has sent."),
    )
    told_fingerprint = forms.CharField(
        label=_("Fingerprint that you were told"),
        max_length=100,
        help_text=_(
            "Have it read to you by phone, by a person you know there. It is compared with the certificate, so that nobody can put another one in its place on the way."
        ),
    )


class SentForm(forms.Form):
    sent_on = forms.DateField(label=_("Sent on"), widget=day_input(), initial=timezone.localdate)
    sent_how = forms.CharField(
        label=_("Way"),
        max_length=120,
        help_text=_("Such as: uploaded in the registry's system; brought on a disk by …"),
    )

    def clean_sent_on(self) -> Any:
        return _not_in_future(self.cleaned_data["sent_on"])


class RegistryReceiptForm(forms.ModelForm):
    """Every field is asked for but the differences."""

    class Meta:
        model = HandoverPackage
        fields = ("confirmed_on", "confirmed_by_name", "receipt_no", "differences")
        widgets = {"confirmed_on": day_input(), "differences": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "confirmed_by_name": _("Who at the registry has confirmed it."),
            "differences": _(
                "What the registry misses or refuses, with student numbers. No document numbers, please: this text is not encrypted."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("confirmed_on", "confirmed_by_name", "receipt_no"):
            self.fields[name].required = True

    def clean_confirmed_on(self) -> Any:
        return _not_in_future(self.cleaned_data["confirmed_on"])


def _not_in_future(day: dt.date) -> dt.date:
    if day > timezone.localdate():
        raise forms.ValidationError(_("This day has not come yet."))
    return day
