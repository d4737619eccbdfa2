"""Forms about money. People type yuan; the cleaned values are integer fen."""

import datetime as dt
from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import Waiver
from billing.online import providers
from portal.pages.form_fields import PickedForm, YuanField, day_input
from schools.models import Enrolment


class PaymentModeForm(forms.Form):
    payment_mode = forms.ChoiceField(
        label=_("Who pays?"),
        choices=Enrolment.PaymentMode.choices,
        widget=forms.RadioSelect,
        help_text=_("Can be changed until the first money has moved."),
    )


class TransferForm(forms.Form):
    amount_fen = YuanField(label=_("Amount (yuan)"), min_value=Decimal("0.01"), max_digits=10)
    booked_on = forms.DateField(label=_("Value date"), widget=day_input(), initial=timezone.localdate)
    reference = forms.CharField(
        label=_("Bank reference"),
        max_length=50,
        help_text=_("The number of the movement on the bank statement: it keeps a transfer from being entered twice."),
    )
    remarks = forms.CharField(label=_("Remarks"), max_length=200, required=False)


class ReversalForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ResolutionForm(forms.Form):
    reason = forms.CharField(
        label=_("How was it settled?"),
        max_length=200,
        help_text=_(
            "For example: given back at the provider, with the number of the refund. It goes into the history."
        ),
    )


class RepaymentForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("For example: paid twice. It goes into the history.")
    )


class WaiverForm(PickedForm):
    kind = forms.ChoiceField(label=_("Why is it waived?"), choices=Waiver.Kind.choices)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_(
            "For the center's records: the application, the number of the proof. Students and schools do not see it."
        ),
    )


class RevocationForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ContestForm(forms.Form):
    reason = forms.CharField(
        label=_("What is wrong?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Name the students by their number: the center looks them up."),
    )


class AnswerForm(forms.Form):
    """The center's answer to a settlement that is not signed off."""

    answer = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The school reads it."))


class ChosenAnswerForm(AnswerForm):
    """The answer with what the pressed button does."""

    do = forms.ChoiceField(choices=[("stand_by", ""), ("correct", ""), ("withdraw", "")])


class RefundForm(forms.Form):
    amount_fen = YuanField(label=_("Amount (yuan)"), min_value=Decimal("0.01"), max_digits=10)
    reason = forms.CharField(label=_("Reason"), max_length=200)
    bank_name = forms.CharField(label=_("Bank of the school"), max_length=80)
    bank_account_no = forms.CharField(
        label=_("Account number of the school"),
        max_length=40,
        help_text=_("An account in the school's own name: no money goes to a person."),
    )


class RefundDecisionForm(forms.Form):
    answer = forms.CharField(label=_("Reason"), max_length=200, help_text=_("The school reads it."))


class RefundPaymentForm(forms.Form):
    booked_on = forms.DateField(label=_("Value date"), widget=day_input(), initial=timezone.localdate)
    reference = forms.CharField(
        label=_("Bank reference"), max_length=50, help_text=_("The number of the movement on the bank statement.")
    )


class FiscalExportForm(forms.Form):
    item_code = forms.CharField(label=_("Item code"), max_length=20, help_text=_("As in the issuing system."))
    item_name = forms.CharField(label=_("Item name"), max_length=60)


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FiscalReadForm(forms.Form):
    file = forms.FileField(
        label=_("Table and files of the issuing system"),
        widget=FilesInput,
        help_text=_(
            "A table with the columns 业务流水号, 票据代码, 票据号码 and 校验码, and PDF or OFD files named by the number of the"
            " e-receipt or of our receipt."
        ),
    )


def _merchants() -> list[tuple[str, str]]:
    return [(name, f"{provider.title} · {name}") for name, provider in providers.PROVIDERS.items()]


class ReconcileForm(forms.Form):
    merchant = forms.ChoiceField(label=_("Merchant"), choices=_merchants)
    day = forms.DateField(
        label=_("Day"), widget=day_input(), initial=lambda: timezone.localdate() - dt.timedelta(days=1)
    )


class SettlingForm(forms.Form):
    reason = forms.CharField(
        label=_("How was it settled?"),
        max_length=200,
        help_text=_("It goes into the history. The books stay as they are."),
    )


class ModeSwitchForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("The school reads it."))
