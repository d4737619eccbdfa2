"""Forms of delivery: the center's shipment, the school's receipt."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.pages.form_fields import PickedForm, day_input
from printing.models import Shipment


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

    def __init__(self, *args: Any, is_owing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shipped_on"].initial = timezone.localdate
        if not is_owing:
            del self.fields["reason"]


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
        label=_("Remarks"), max_length=200, required=False, help_text=_("Missing or damaged sheets, if any.")
    )
