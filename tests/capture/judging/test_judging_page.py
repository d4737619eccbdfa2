"""The center's page of the photo rules."""

import pytest
from django.urls import reverse

import vision
from capture.models import LimitSet, Photo
from portal.background import jobs
from portal.models import Job
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

URL, SAVE, APPLY = "/center/judging/", "/center/judging/save/", "/center/judging/apply/"


@pytest.fixture
def photo(student, good_photo) -> Photo:
    measures = vision.check(good_photo).measures | {"roll": 6.0}
    found = vision.judge(measures).findings
    return factories.photo(
        student, findings={f.rule: f.outcome for f in found}, measures=measures, outcome=vision.Verdict(found).outcome
    )


def form(**typed) -> dict:
    """What a browser sends of an untouched form, and what is typed (`__` for the dot)."""
    return {"version": "0", "rejects_red": "on", "days": "1", "reason": ""} | {
        name.replace("__", "."): value for name, value in typed.items()
    }


def test_every_limit_of_every_rule_can_be_set(center_client, season, photo):
    page = center_client.get(URL).content.decode()
    for rule in vision.RULES:
        assert f'id="rule-{rule.name}"' in page
    for rule, name in (("roll", "reject"), ("sharpness", "texture"), ("mask", "cheek_chroma"), ("ears", "warn")):
        assert f'name="{rule}.{name}"' in page
    assert page.count('class="gauge"') > 25
    assert "style=" not in page.split("<main", 1)[1]
    assert said("The measured defaults are in force") in page
    assert str(vision.LEFT_TO_REVIEWER[0]) in page


def test_what_found_something_stands_first_with_its_numbers(center_client, season, student, photo):
    factories.photo(student, findings={"mouth": "reject", "roll": "warn"}, is_current=False)
    factories.limit_set(season, {"ears": {"warn": 0.3}})
    page = center_client.get(URL)
    rows = {row.rule.name: (row.rejected, row.warned, row.is_changed) for row in page.context["bit"]}
    assert list(rows.items())[:2] == [("mouth", (1, 0, False)), ("roll", (0, 2, False))]
    assert rows["ears"] == (0, 0, True)
    folded = [row.rule.name for _title, group, _is_open in page.context["groups"] for row in group]
    assert sorted([*rows, *folded]) == sorted(vision.RULE_NAMES)


def test_a_limit_is_read_and_typed_in_the_unit_of_people(center_client, season, photo):
    factories.limit_set(season, {"ears": {"warn": 0.29}, "one_face": {"reject": 0.3}})
    page = center_client.get(URL)
    assert page.context["form"]["ears.warn"].value() == "29"
    [row] = [row for row in page.context["bit"] if row.rule.name == "one_face"]
    assert row.limits == [(said("Not accepted above"), "30%")]
    typed = form(ears__warn="29", one_face__reject="35", version=page.context["form"]["version"].value(), reason="Try.")
    assert center_client.post(SAVE, typed).status_code == 302
    assert LimitSet.objects.first().changes == {"ears": {"warn": 0.29}, "one_face": {"reject": 0.35}}
    answer = center_client.post(SAVE, form(ears__warn="101", version=LimitSet.objects.first().pk, reason="Try."))
    assert said("%(rule)s: this limit can be %(most)s at most.", rule=said("Ears visible"), most="100%") in str(
        answer.context["form"]["ears.warn"].errors
    )


def test_a_change_is_shown_before_it_is_saved(center_client, season, photo):
    answer = center_client.post(URL, form(roll__warn="", roll__reject="5.5", **{"roll.warn.off": "on"}))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert said("<strong>%(n)s</strong> of %(total)s verdicts would be different.", n="1", total="1") in page
    assert reverse("capture:center_photo", args=[photo.pk]) in page
    assert photo.student.name in page
    assert photo.school.name in page
    assert not LimitSet.objects.exists()


def test_the_fragment_says_the_same_as_the_page(center_client, season, photo):
    answer = center_client.post(URL, form(roll__warn="7"), headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert page.lstrip().startswith('<div id="comparison"')
    assert "HX-Request" in answer["Vary"]
    assert said("<strong>%(n)s</strong> of %(total)s verdicts would be different.", n=1, total=1) in page


def test_nothing_typed_changes_nothing(center_client, season, photo):
    page = center_client.post(URL, form(), headers={"HX-Request": "true"}).content.decode()
    assert said("These are the limits in force: nothing would change.") in page


def test_nonsense_is_said_instead(center_client, season, photo):
    page = center_client.post(URL, form(roll__warn="9"), headers={"HX-Request": "true"}).content.decode()
    assert (
        said(
            "%(rule)s: the warning at %(warn)s lies beyond the rejection at %(reject)s and would never be given.",
            rule="Head upright",
            warn="9°",
            reject="8°",
        )
        in page
    )
    answer = center_client.post(SAVE, form(roll__warn="9", reason="Why not."))
    assert answer.status_code == 400
    assert "judging-error" in answer.content.decode()


def test_saving_needs_a_reason_and_an_administrator(center_client, center_officer, season, photo):
    answer = center_client.post(SAVE, form(roll__warn="7"))
    assert answer.status_code == 400
    assert said("Please give the reason: whoever is judged by these limits may ask for it.") in answer.content.decode()
    assert answer.context["comparison"].rules  # what was shown before saving is still there
    officer = client_of(center_officer)
    assert officer.post(SAVE, form(roll__warn="7", reason="Phones.")).status_code == 403
    page = officer.get(URL).content.decode()
    assert said("You may try limits here. Only an administrator of the center can save them.") in page
    assert SAVE not in page
    assert not LimitSet.objects.exists()


def test_saved_limits_stand_in_the_history_of_the_page(center_client, season, photo):
    answer = center_client.post(SAVE, form(roll__warn="7", approves_green="on", reason="Phones are held askew."))
    assert answer.status_code == 302
    made = LimitSet.objects.get()
    assert (made.number, made.changes, made.approves_green, made.rejects_red) == (1, {"roll": {"warn": 7}}, True, True)
    page = center_client.get(URL).content.decode()
    assert "Phones are held askew." in page
    assert said("Limits no. %(n)s of season %(year)s are in force", n=1, year=season.year) in page
    assert 'value="7' in page
    assert said("%(n)s photo that nobody has decided was judged by other limits or an older engine.", n="1") in page


def test_whoever_looked_at_older_limits_is_told(center_client, season, photo):
    factories.limit_set(season, {"roll": {"reject": 9}})
    answer = center_client.post(SAVE, form(roll__warn="7", reason="Late."))
    assert answer.status_code == 400
    assert (
        said("Somebody else has changed the photo rules in the meantime. Look at them again, then save.")
        in answer.content.decode()
    )


def test_undecided_photos_are_judged_again_by_a_job(center_client, center_officer, season, photo):
    factories.limit_set(season, {"roll": {"warn": None}})
    assert client_of(center_officer).post(APPLY).status_code == 403
    assert center_client.post(APPLY).status_code == 302
    job = Job.objects.get(kind="rejudge")
    assert (job.season, job.total) == (season, 1)
    assert said("Photos are being judged again under the limits in force.") in center_client.get(URL).content.decode()


def test_the_page_asks_the_same_of_one_photo_as_of_three(
    center_client, season, school, photo, django_assert_max_num_queries
):
    center_client.get(URL)
    for _n in range(2):
        factories.photo(
            factories.student(school, season), findings={"roll": "warn"}, measures=photo.measures, outcome="amber"
        )
    with django_assert_max_num_queries(20):
        page = center_client.post(URL, form(roll__warn="7")).content.decode()
    assert said("<strong>%(n)s</strong> of %(total)s verdicts would be different.", n=3, total=3) in page


def test_a_season_without_photos_has_a_page_too(center_client, season):
    page = center_client.get(URL).content.decode()
    assert said("Not measured in these days.") in page
    assert said("Nobody has changed a limit in this season yet.") in page


def test_the_work_is_followed_on_the_page(center_client, center_admin, season, photo):
    factories.limit_set(season, {"roll": {"warn": None}})
    center_client.post(APPLY)
    polled = center_client.get(URL, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in polled
    jobs.run(Job.objects.get(kind="rejudge").pk)
    over = center_client.get(URL, headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in over
    message = "Checked again: %(photos)d. Verdicts changed: %(changed)d. Released for submission: %(released)d."
    assert said(message, photos=1, changed=1, released=0) in over
