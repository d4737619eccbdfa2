"""Forms of dialogs: what was typed comes back with the error at its field."""

import datetime as dt

import pytest
from django import forms
from django.http import QueryDict
from django.urls import reverse

from billing.accounts import fee_accounts
from portal.errors import InvalidForm
from portal.pages.form_fields import PickedForm, checked, whole_number
from portal.tenancy import center_scope

pytestmark = pytest.mark.django_db


class Note(PickedForm):
    note = forms.CharField(max_length=5)


def test_ids_are_numbers_and_nothing_else():
    assert checked(PickedForm(QueryDict("pick=3&pick=x&pick=-1&pick=%D9%A3&pick=07")))["pick"] == [3, 7]


def test_a_number_that_no_column_holds_is_none():
    """Python refuses to read more than 4300 digits."""
    assert whole_number("7") == 7
    assert [whole_number(text) for text in ("", None, "-1", "²", "٣", "9" * 19, "9" * 5000)] == [None] * 7
    assert checked(PickedForm(QueryDict("pick=3&pick=" + "9" * 5000)))["pick"] == [3]


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("portal:person_new", "school"),
        ("billing:panel_school", "school"),
        ("printing:panel_school", "school"),
        ("students:panel_school", "school"),
    ],
)
def test_an_address_with_an_endless_number_is_answered(center_client, enrolment, name, parameter):
    assert center_client.get(reverse(name), {parameter: "9" * 5000}).status_code in (200, 404)


def test_the_review_page_answers_an_endless_number(owner_client, enrolment):
    assert owner_client.get(reverse("capture:review"), {"photo": "9" * 5000}).status_code == 200


def test_a_form_that_is_not_valid_is_carried_to_whoever_answers():
    with pytest.raises(InvalidForm, match="不超过 5 字符") as refused:
        checked(Note(QueryDict("note=too long&pick=3")))
    assert refused.value.form["note"].value() == "too long"


def test_a_dialog_is_asked_once_more_with_what_was_typed(center_client, center_admin, enrolment):
    """On a page of its own: the dialog stood on a page that the answer does not draw."""
    with center_scope():
        entry = fee_accounts.record_transfer(
            enrolment, by=center_admin, amount_fen=1500, booked_on=dt.date(2022, 5, 1), reference="B-1"
        )
    url = reverse("billing:reverse_entry", args=[enrolment.pk, entry.pk])
    here = "http://testserver/center/"
    answer = center_client.post(url, {"reason": "x" * 201, "beside": "7"}, headers={"Referer": here})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "x" * 201 in page
    assert "不超过 200 字符" in page
    assert '<input type="hidden" name="beside" value="7">' in page
    assert f'href="{here}"' in page
    assert "csrfmiddlewaretoken" in page
