import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from capture.models import Photo
from portal.errors import PortalError
from portal.models import Message
from portal.tenancy import center_scope, school_scope
from schools.models import Enrolment, Window, WindowException
from students.models import Student
from tests import factories
from tests.support.school_papers import with_portrait
from year_end import ranking
from year_end.models import Award, Bulletin

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(season, school, other_school):
    """Lakeside photographed 2 of 2, one only at the second attempt; Riverside 1 of 2."""
    good = with_portrait(school, season)
    second_try = with_portrait(school, season)
    with school_scope(school):
        photo = Photo.objects.get(student=second_try)
        Photo.objects.filter(pk=photo.pk).update(status=Photo.Status.RETURNED, is_current=False)
        Photo.objects.create(
            school=school, season=season, student=second_try, status=Photo.Status.APPROVED, sha256="3" * 64
        )
    with_portrait(other_school, season)
    factories.student(other_school, season)
    with center_scope():
        Enrolment.objects.update(capture_ended_on=timezone.localdate(), status=Enrolment.Status.FEEDBACK_ACCEPTED)
        yield good


def test_figures_of_every_school_in_a_fixed_number_of_queries(
    two, season, school, other_school, django_assert_num_queries
):
    with django_assert_num_queries(8):
        found = ranking.figures(season)
    lake, river = found[school.pk], found[other_school.pk]
    assert (lake.roster, lake.captured, lake.coverage, lake.first_pass) == (2, 2, 1.0, 0.5)
    assert (river.roster, river.captured, river.coverage, river.first_pass) == (2, 1, 0.5, 1.0)
    assert lake.feedback is None
    assert lake.fee is None


def test_score_is_scaled_over_what_can_be_measured():
    assert ranking.Figures(coverage=1.0, first_pass=0.5, is_finished=True).score == Decimal("83.33")
    assert ranking.Figures(is_finished=True).score == 0


def test_what_an_unfinished_school_has_not_done_yet_counts_nothing():
    row = ranking.Figures(coverage=1.0, first_pass=0.5)
    assert (row.score, row.measured) == (Decimal("50.00"), Decimal("83.33"))
    assert ranking.Figures().score == 0


def test_late_form_loses_points_with_each_working_day(two, season, school):
    Enrolment.objects.filter(school=school).update(proof_due_on=dt.date(2022, 5, 9))
    found = ranking.figures(season, today=dt.date(2022, 5, 16))
    assert found[school.pk].feedback == pytest.approx(0.75)


def test_ranking_proposes_and_keeps_what_the_center_decided(two, season, school, other_school, center_admin):
    first, second = ranking.rank(season, by=center_admin)
    assert (first.school, first.rank, first.is_commended, first.allowance_fen) == (school, 1, True, 100)
    assert (second.school, second.rank, second.is_commended) == (other_school, 2, False)
    ranking.decide(
        second, is_commended=False, is_criticised=True, commended_person="", allowance_fen=0, by=center_admin
    )
    again = ranking.rank(season, by=center_admin)
    assert (again[1].is_criticised, again[1].allowance_fen) == (True, 0)
    assert ranking.total_allowance_fen(season) == 100


def test_unfinished_school_comes_last_and_is_not_proposed(two, season, school, other_school, center_admin):
    Enrolment.objects.filter(school=school).update(status=Enrolment.Status.PROOFREADING)
    first, second = ranking.rank(season, by=center_admin)
    assert (first.school, first.is_commended) == (other_school, True)
    assert (second.school, second.is_commended, second.is_criticised) == (school, False, False)


def test_nobody_is_proposed_before_a_school_is_finished_and_then_it_is(two, season, school, center_admin):
    Enrolment.objects.update(status=Enrolment.Status.PROOFREADING)
    assert not any(award.is_commended for award in ranking.rank(season, by=center_admin))
    Enrolment.objects.filter(school=school).update(status=Enrolment.Status.RECEIVED)
    first, second = ranking.rank(season, by=center_admin)
    assert (first.school, first.is_commended, second.is_commended) == (school, True, False)


def test_equal_schools_stand_by_students_photographed_then_by_code(two, season, school, other_school):
    even = {"coverage": 1.0, "is_finished": True}
    ids = sorted((school, other_school), key=lambda row: row.code)
    same = {row.pk: ranking.Figures(captured=2, **even) for row in reversed(ids)}
    assert ranking._order(same) == [row.pk for row in ids]
    more = {ids[0].pk: ranking.Figures(captured=2, **even), ids[1].pk: ranking.Figures(captured=3, **even)}
    assert ranking._order(more) == [ids[1].pk, ids[0].pk]


def test_no_school_is_praised_and_blamed(two, season, center_admin):
    award = ranking.rank(season, by=center_admin)[0]
    with pytest.raises(PortalError, match="at once"):
        ranking.decide(
            award, is_commended=True, is_criticised=True, commended_person="", allowance_fen=0, by=center_admin
        )


def test_school_within_its_days_is_not_ranked_yet(two, season, school, other_school, center_admin):
    Enrolment.objects.filter(school=other_school).update(capture_ended_on=None)
    assert [award.school for award in ranking.rank(season, by=center_admin)] == [school]
    Window.objects.update(starts_on="2022-03-21", ends_on="2022-03-27")
    assert len(ranking.rank(season, by=center_admin)) == 2
    WindowException.objects.create(
        school=other_school, season=season, starts_on="2022-03-21", ends_on=timezone.localdate(), reason="Rain"
    )
    assert len(ranking.rank(season, by=center_admin)) == 1


def test_schools_without_roster_are_not_ranked(season, school, center_admin):
    with center_scope():
        assert ranking.rank(season, by=center_admin) == []


def test_bulletin_names_praised_schools_and_persons_and_the_numbers(two, season, center_admin):
    award = ranking.rank(season, by=center_admin)[0]
    ranking.decide(
        award, is_commended=True, is_criticised=False, commended_person="周文静", allowance_fen=5, by=center_admin
    )
    text = ranking.bulletin_text(season)
    assert "优秀组织单位：Lakeside University。" in text
    assert "周文静（Lakeside University）" in text
    assert "图像3人，占应采集人数的75.0%" in text
    assert "Demo Province Center" in text


def test_published_bulletin_reaches_the_schools_and_stands(two, season, center_admin, owner, outsider):
    ranking.rank(season, by=center_admin)
    bulletin = ranking.save_bulletin(season, title="Bulletin", text="Words", by=center_admin)
    ranking.publish(bulletin, by=center_admin)
    told = set(Message.objects.filter(kind="bulletin.published").values_list("recipient_key", flat=True))
    assert told == {owner.actor_key, outsider.actor_key}
    for change in (
        lambda: ranking.publish(Bulletin.objects.get(), by=center_admin),
        lambda: ranking.save_bulletin(season, title="B", text="x", by=center_admin),
        lambda: ranking.rank(season, by=center_admin),
    ):
        with pytest.raises(PortalError, match="published"):
            change()
    assert Award.objects.count() == 2
    assert Student.objects.count() == 4
    assert bulletin.published_at <= timezone.now()
