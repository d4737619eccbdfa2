"""Fields and inputs that the forms of several rooms share."""

from decimal import Decimal
from typing import Any

from django import forms

from portal.errors import InvalidForm


def day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def time_input() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def checked(form: forms.BaseForm) -> dict[str, Any]:
    """The form's `cleaned_data`.

    Raises InvalidForm, which shows the form again with what was typed.
    """
    if not form.is_valid():
        raise InvalidForm(form)
    return form.cleaned_data


MOST_DIGITS = 18  # of an id or a year: any such number fits a bigint column


def whole_number(text: object) -> int | None:
    """A number of an address or a hidden field; None for anything else, and for one that no column holds."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS else None


class PickedField(forms.Field):
    """The ids of the rows that were ticked. Values that are not ids are ignored."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        picked = [pk for pk in map(whole_number, value or ()) if pk is not None]
        if self.required and not picked:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return picked


class PickedForm(forms.Form):
    """A bulk action on the rows ticked in a list."""

    pick = PickedField(required=False)


class YuanField(forms.DecimalField):
    """Shown and typed in yuan, integer fen in `cleaned_data` and `initial`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_digits": 9, "decimal_places": 2} | kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{Decimal(value) / 100:.2f}" if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        if isinstance(value, int):  # a disabled field's initial fen
            return value
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * 100)
