"""Forms about bank statements."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.bank.columns import FIELDS, MANY
from billing.bank.statements import ColumnShown, Layout
from billing.models import BankLine, SchoolRefund
from portal.formatting import yuan
from portal.pages.form_fields import YuanField
from schools.models import Enrolment, School, Season


class StatementForm(forms.Form):
    file = forms.FileField(
        label=_("Bank statement"),
        help_text=_("The export of the bank as it comes, .xlsx, .xls or .csv, at most 10 MB. Nothing is booked by it."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv,.txt"}),
    )


class ColumnsForm(forms.Form):
    """For each column of a file, what it is."""

    row = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, data: Any, *, layout: Layout) -> None:
        super().__init__(data, initial={"row": layout.row})
        self.columns = layout.columns
        choices = [("", gettext("Not read")), *((name, label) for name, (label, _headings) in FIELDS.items())]
        for column in self.columns:
            self.fields[f"column_{column.number}"] = forms.ChoiceField(
                label=column.label or str(column.number + 1), choices=choices, required=False, initial=column.field
            )

    @property
    def rows(self) -> list[tuple[ColumnShown, forms.BoundField]]:
        return [(column, self[f"column_{column.number}"]) for column in self.columns]

    @property
    def chosen(self) -> dict[str, str]:
        return {column.key: self.cleaned_data[f"column_{column.number}"] for column in self.columns}

    def clean(self) -> dict[str, Any]:
        taken = [name for column in self.columns if (name := self.cleaned_data.get(f"column_{column.number}"))]
        twice = {name for name in taken if taken.count(name) > 1 and name not in MANY}
        for name in sorted(twice):
            self.add_error(
                None, gettext("Two columns are “%(column)s”. Choose one of them.") % {"column": FIELDS[name][0]}
            )
        if "date" not in taken:
            self.add_error(None, gettext("Say which column is the date."))
        if not {"credit", "amount"} & set(taken):
            self.add_error(None, gettext("Say which column is the money in, or the amount."))
        return self.cleaned_data


class _AccountField(forms.ModelChoiceField):
    """An account: a school in a season."""

    def label_from_instance(self, row: Enrolment) -> str:
        return f"{row.season.year} {row.school.code} {row.school.name}"


class PartForm(forms.Form):
    enrolment = _AccountField(None, label=_("School"), empty_label=_("Choose a school"))
    amount_fen = YuanField(label=_("Amount (yuan)"), min_value=Decimal("0.01"), max_digits=12)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seasons = Season.objects.exclude(status=Season.Status.DRAFT)
        field: Any = self.fields["enrolment"]
        field.queryset = (
            Enrolment.objects.filter(season__in=seasons)
            .select_related("school", "season")
            .order_by("-season__year", "school__code")
        )


class PaidRefundForm(forms.Form):
    refund: Any = forms.ModelChoiceField(None, label=_("Refund to the school"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["refund"]
        field.queryset = SchoolRefund.objects.filter(status=SchoolRefund.Status.APPROVED).select_related("school")
        field.label_from_instance = lambda row: f"{row.school.name} {yuan(row.amount_fen)}"


class AsideForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why is it no fee?"), choices=BankLine.Reason.choices)
    note = forms.CharField(label=_("Remarks"), max_length=200, required=False)


class TakeUpForm(forms.Form):
    note = forms.CharField(label=_("Reason"), max_length=200)


class YuanForm(forms.Form):
    amount_fen = YuanField(label=_("What the bank made of it (yuan)"), min_value=Decimal("0.01"), max_digits=12)


class PayerNameForm(forms.Form):
    school: Any = forms.ModelChoiceField(
        School.objects.order_by("code"), label=_("School"), empty_label=_("Choose a school")
    )
    label = forms.CharField(label=_("Payer's name"), max_length=120)
