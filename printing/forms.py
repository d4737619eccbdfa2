"""Forms of delivery: the center's shipment, the school's receipt."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.pages.form_fields import day_input
from printing.models import Shipment


class ShipmentForm(forms.ModelForm):
    class Meta:
        model = Shipment
        fields = ("carrier", "tracking_no", "shipped_on", "address", "remarks")
        widgets = {"shipped_on": day_input()}
        help_texts = {
            "tracking_no": _("The school follows the parcel by it."),
            "address": _("From the register of schools; change it here for this parcel only."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shipped_on"].initial = timezone.localdate


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
