import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.accounts.references import reference_of
from billing.models import FeeAccount
from capture.models import Photo
from capture.review import decisions
from portal import history
from portal.errors import PortalError
from portal.models import Notification
from portal.tenancy import center_scope, school_scope
from proofing.models import Feedback
from schools.models import Enrolment, Season, Window, WindowException
from students.models import Student
from tests import factories
from tests.support.database import let_delete
from tests.support.school_papers import with_portrait
from tests.support.words import said
from year_end import bulletin as bulletins
from year_end import figures, ranking, scoring
from year_end.figures import Figures
from year_end.models import Award, Bulletin, ScoringRules

pytestmark = pytest.mark.django_db
RULES = ScoringRules()
WEIGHTS = RULES.weights


def figures_of_schools(season, *, today=None) -> dict[int, Figures]:
    today = today or timezone.localdate()
    return figures.figures_in(figures.snapshot_of(season, scoring.rules_of(season), today=today))


def draft_text(season) -> str:
    return bulletins.draft_text(ranking.ranking_of(season), list(ranking.awards_by_rank(season)))


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
    with django_assert_num_queries(10):
        found = figures_of_schools(season)
    lake, river = found[school.pk], found[other_school.pk]
    assert (lake.roster, lake.captured, lake.coverage, lake.first_pass) == (2, 2, 1.0, 0.5)
    assert (river.roster, river.captured, river.coverage, river.first_pass) == (2, 1, 0.5, 1.0)
    assert lake.feedback is None
    assert lake.fee is None


def test_score_is_scaled_over_what_can_be_measured():
    assert Figures(coverage=1.0, first_pass=0.5, is_finished=True).score(WEIGHTS) == Decimal("83.33")
    assert Figures(is_finished=True).score(WEIGHTS) == 0


def test_what_an_unfinished_school_has_not_done_yet_counts_nothing():
    row = Figures(coverage=1.0, first_pass=0.5)
    assert (row.score(WEIGHTS), row.measured(WEIGHTS)) == (Decimal("50.00"), Decimal("83.33"))
    assert Figures().score(WEIGHTS) == 0


def test_late_form_loses_points_with_each_working_day(two, season, school):
    Enrolment.objects.filter(school=school).update(proof_due_on=dt.date(2022, 5, 9))
    found = figures_of_schools(season, today=dt.date(2022, 5, 16))
    assert found[school.pk].feedback == pytest.approx(0.75)


def test_ranking_proposes_and_keeps_what_the_center_decided(two, season, school, other_school, center_admin):
    first, second = ranking.rank(season, by=center_admin)
    assert (first.school, first.rank, first.is_commended, first.allowance_fen) == (school, 1, True, 100)
    assert (second.school, second.rank, second.is_commended) == (other_school, 2, False)
    ranking.decide_award(second, is_commended=False, is_criticised=True, persons=[], allowance_fen=0, by=center_admin)
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
    same = {row.pk: Figures(captured=2, **even) for row in reversed(ids)}
    assert ranking._rank_order(same, WEIGHTS) == [row.pk for row in ids]
    more = {ids[0].pk: Figures(captured=2, **even), ids[1].pk: Figures(captured=3, **even)}
    assert ranking._rank_order(more, WEIGHTS) == [ids[1].pk, ids[0].pk]


def test_no_school_is_praised_and_blamed(two, season, center_admin):
    award = ranking.rank(season, by=center_admin)[0]
    with pytest.raises(PortalError, match=said("A school cannot be commended and criticised at the same time.")):
        ranking.decide_award(award, is_commended=True, is_criticised=True, persons=[], allowance_fen=0, by=center_admin)


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
    ranking.decide_award(
        award,
        is_commended=True,
        is_criticised=False,
        persons=[{"name": "周文静", "post": "教务处"}],
        allowance_fen=5,
        by=center_admin,
    )
    text = draft_text(season)
    assert "优秀组织单位：Lakeside University。" in text
    assert "周文静（Lakeside University，教务处）" in text
    assert "毕业生4人，已采集3人，占应采集人数的75.0%" in text
    assert "Demo Province Center" in text


def test_published_bulletin_reaches_the_schools_and_stands(two, season, center_admin, owner, outsider):
    ranking.rank(season, by=center_admin)
    bulletin = bulletins.save_bulletin(season, title="Bulletin", text="Words", by=center_admin)
    bulletins.publish(bulletin, by=center_admin)
    notified = set(Notification.objects.filter(kind="bulletin.published").values_list("recipient_key", flat=True))
    assert notified == {owner.actor_key, outsider.actor_key}
    stands = said("The bulletin has been published; the ranking stands.")
    with pytest.raises(PortalError, match=said("The bulletin has been published already.")):
        bulletins.publish(Bulletin.objects.get(), by=center_admin)
    with pytest.raises(PortalError, match=stands):
        bulletins.save_bulletin(season, title="B", text="x", by=center_admin)
    with pytest.raises(PortalError, match=stands):
        ranking.rank(season, by=center_admin)
    assert Award.objects.count() == 2
    assert Student.objects.count() == 4
    assert bulletin.published_at <= timezone.now()
    assert [event.kind for event in history.of(bulletin)] == ["bulletin.published", "bulletin.saved"]


# each of the hundred points


ON_TIME = timezone.make_aware(dt.datetime(2022, 5, 9, 23, 30))  # in the last hour of the day that both deadlines name
FIVE_WORKDAYS_LATE = timezone.make_aware(dt.datetime(2022, 5, 16, 0, 30))
TWENTY_WORKDAYS_LATE = timezone.make_aware(dt.datetime(2022, 6, 7, 12))


class Flawless:
    """A finished school of two students with a score of 100. A test makes one figure worse."""

    def __init__(self, school, season, owner) -> None:
        self.school, self.season, self.owner = school, season, owner
        self.students = [with_portrait(school, season) for _ in range(2)]
        Season.objects.filter(pk=season.pk).update(payment_due=ON_TIME.date())
        self.set(capture_ended_on=dt.date(2022, 4, 1), proof_due_on=ON_TIME.date(), status="feedback_accepted")
        enrolment = factories.enrolment_of(school, season)
        of_school = {"school": school, "season": season, "enrolment": enrolment}
        with school_scope(school):
            self.form = Feedback.objects.create(**of_school, status=Feedback.Status.ACCEPTED, sent_at=ON_TIME)
            self.account = FeeAccount.objects.create(
                **of_school, reference=reference_of(season.year, school.code), settled_at=ON_TIME
            )

    def set(self, **fields) -> None:
        with school_scope(self.school):
            Enrolment.objects.filter(school=self.school, season=self.season).update(**fields)

    def photo(self, student, status, **fields) -> Photo:
        with school_scope(self.school):
            return Photo.objects.create(
                school=self.school, season=self.season, student=student, sha256="4" * 64, status=status, **fields
            )

    def two_more_students(self) -> None:
        for _ in range(2):
            factories.student(self.school, self.season)

    def first_photo(self, status) -> None:
        """One of the two had another photo before, which came to this state."""
        with school_scope(self.school):
            approved = Photo.objects.get(student=self.students[0])
            Photo.objects.filter(pk=approved.pk).update(status=status, is_current=False)
        self.photo(self.students[0], Photo.Status.APPROVED)

    def reset(self, times: int) -> None:
        """Reset and replace an approved portrait so many times; the first photo was withdrawn."""
        student = self.students[0]
        self.first_photo(Photo.Status.WITHDRAWN)
        self.set(status="proofreading")
        for _ in range(times):
            with school_scope(self.school):
                photo = Photo.objects.get(student=student, is_current=True)
                decisions.reset(photo=photo, by=self.owner, reason="The hair hides an eye.")
                Photo.objects.filter(student=student).update(is_current=False)
                Student.objects.filter(pk=student.pk).update(stage=Student.Stage.APPROVED)
            self.photo(student, Photo.Status.APPROVED)
        self.set(status="feedback_accepted")

    def sent(self, at) -> None:
        with school_scope(self.school):
            Feedback.objects.filter(pk=self.form.pk).update(sent_at=at)

    def pay_fee(self, at) -> None:
        with school_scope(self.school):
            FeeAccount.objects.filter(pk=self.account.pk).update(settled_at=at)

    def students_pay(self, paying: int) -> None:
        self.pay_fee(None)
        self.set(payment_mode=Enrolment.PaymentMode.STUDENT)
        with school_scope(self.school):
            for student in self.students[:paying]:
                Student.objects.filter(pk=student.pk).update(fee_state=Student.FeeState.PAID)


@pytest.fixture
def flawless(school, season, owner):
    return Flawless(school, season, owner)


@pytest.mark.parametrize(
    ("spoil", "name", "share", "score"),
    [
        (lambda school: None, "coverage", 1.0, 100),
        (lambda school: school.two_more_students(), "coverage", 0.5, 80),
        (lambda school: school.first_photo(Photo.Status.REJECTED), "first_pass", 0.5, 90),
        (lambda school: school.first_photo(Photo.Status.RETURNED), "first_pass", 0.5, 90),
        (lambda school: school.first_photo(Photo.Status.WITHDRAWN), "first_pass", 1.0, 100),
        (lambda school: school.sent(FIVE_WORKDAYS_LATE), "feedback", 0.75, 96.25),
        (lambda school: school.sent(TWENTY_WORKDAYS_LATE), "feedback", 0.0, 85),
        (lambda school: school.pay_fee(FIVE_WORKDAYS_LATE), "fee", 0.75, 96.25),
        (lambda school: school.pay_fee(TWENTY_WORKDAYS_LATE), "fee", 0.0, 85),
        (lambda school: school.students_pay(1), "fee", 0.5, 92.5),
        (lambda school: school.students_pay(2), "fee", 1.0, 100),
        (lambda school: school.reset(1), "kept", 0.5, 95),
        (lambda school: school.reset(3), "kept", 0.0, 90),
    ],
    ids=[
        "flawless",
        "half photographed",
        "first photo rejected",
        "first photo returned",
        "first photo withdrawn",
        "form a week late",
        "form a month late",
        "fee a week late",
        "fee a month late",
        "half of the students paid",
        "all students paid",
        "one portrait did not stay",
        "one portrait did not stay three times",
    ],
)
def test_each_figure_costs_its_own_points_and_no_others(flawless, season, school, spoil, name, share, score):
    spoil(flawless)
    with center_scope():
        found = figures_of_schools(season, today=dt.date(2022, 7, 1))[school.pk]
    assert getattr(found, name) == pytest.approx(share)
    assert found.score(WEIGHTS) == Decimal(str(score))


def test_what_was_never_done_is_late_until_today(flawless, season, school):
    flawless.sent(None)
    flawless.pay_fee(None)
    with center_scope():
        on_the_day = figures_of_schools(season, today=dt.date(2022, 5, 9))[school.pk]
        next_day = figures_of_schools(season, today=dt.date(2022, 5, 10))[school.pk]
    assert (on_the_day.feedback, on_the_day.fee, on_the_day.score(WEIGHTS)) == (None, None, 100)
    assert (next_day.feedback, next_day.fee) == (pytest.approx(0.95), pytest.approx(0.95))


def test_resets_of_another_school_and_of_another_season_cost_nothing(flawless, season, school, other_school, owner):
    other = Flawless(other_school, season, owner)
    other.reset(1)
    earlier = factories.season(year=season.year - 1, graduating_class=season.year, status=Season.Status.CLOSED)
    with school_scope(school):
        old = Photo(school=school, season=earlier, student=factories.student(school, earlier), sha256="5" * 64)
        old.save()
        history.record("photo.reset", old, by=owner)
    with center_scope():
        found = figures_of_schools(season, today=dt.date(2022, 7, 1))
    assert (found[school.pk].kept, found[other_school.pk].kept) == (1.0, 0.5)


def test_nothing_stayed_or_passed_where_nobody_was_photographed(school, season):
    factories.student(school, season)
    with center_scope():
        Enrolment.objects.update(capture_ended_on=dt.date(2022, 4, 1), payment_mode=Enrolment.PaymentMode.STUDENT)
        found = figures_of_schools(season)[school.pk]
    assert (found.coverage, found.first_pass, found.kept, found.fee) == (0.0, None, None, None)


@pytest.mark.parametrize(
    ("rank", "schools", "is_commended"), [(1, 1, True), (2, 7, False), (2, 8, True), (3, 12, False)]
)
def test_a_fifth_of_the_schools_is_proposed_and_at_least_one(rank, schools, is_commended):
    row = Figures(coverage=1.0, captured=3, is_finished=True)
    assert ranking._proposal(row, rank, schools, RULES) == {
        "is_commended": is_commended,
        "is_criticised": False,
        "allowance_fen": 150,
    }


@pytest.mark.parametrize(("coverage", "is_criticised"), [(0.6, False), (0.59, True)])
def test_a_school_below_sixty_measured_points_is_proposed_for_the_bulletin(coverage, is_criticised):
    row = Figures(coverage=coverage)
    assert ranking._proposal(row, 9, 9, RULES)["is_criticised"] is is_criticised


def test_a_school_that_leaves_the_season_leaves_the_ranking(two, season, school, other_school, center_admin):
    ranking.rank(season, by=center_admin)
    let_delete(Enrolment)
    Enrolment.objects.filter(school=other_school).delete()
    ranking.rank(season, by=center_admin)
    assert [award.school for award in Award.objects.all()] == [school]
    ranked = history.of(season).filter(kind="season.ranked")
    assert [event.facts["schools"] for event in ranked] == [1, 2]


def test_bulletin_numbers_its_parts_by_what_there_is_to_say(two, season, other_school, center_admin):
    first, second = ranking.rank(season, by=center_admin)
    decided = {"persons": [], "allowance_fen": 0, "by": center_admin}
    ranking.decide_award(second, is_commended=False, is_criticised=True, **decided)
    text = draft_text(season)
    assert "一、以下单位组织有力" in text
    assert "二、以下单位组织工作存在不足" in text
    assert f"电子注册：{other_school.name}。" in text
    assert "表扬" not in text
    ranking.decide_award(first, is_commended=False, is_criticised=False, **decided)
    text = draft_text(season)
    assert "优秀组织单位" not in text
    assert "一、以下单位组织工作存在不足" in text
