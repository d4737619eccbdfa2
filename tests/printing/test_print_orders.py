"""Many schools are ordered at once: what is shown before, what a job makes of it, and what ends it in the middle."""

import pytest
from django.urls import reverse

from portal.background import jobs
from portal.errors import Conflict, NotAllowed
from portal.models import Event, Job
from portal.tenancy import center_scope, system_scope
from printing import print_orders, print_runs
from printing.models import PrintRun
from schools.models import Enrolment, Season
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.school_papers import with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
Stage = Student.Stage
ORDER, RUNS = reverse("printing:runs_order"), reverse("printing:center_runs")
ONCE = "Sheets are printed once the center has accepted the school's feedback form."


@pytest.fixture
def three(school, season):
    """Two schools with two proofread students each, and one whose form is not accepted."""
    found = [school, *(factories.school(season=season, code=f"2000{n}", name=f"School {n}") for n in (1, 2))]
    rows = [factories.enrolment_of(each, season) for each in found]
    for each in found[:2]:
        for _ in range(2):
            with_portrait(each, season, stage=Stage.PROOFED)
    with system_scope():
        ready = Enrolment.objects.filter(school__in=found[:2])
        ready.update(status=Enrolment.Status.FEEDBACK_ACCEPTED)
        return list(Enrolment.objects.filter(pk__in=[row.pk for row in rows]).select_related("school", "season"))


def ordered(rows, season, by, **more):
    with center_scope():
        job = print_orders.start(rows, season=season, by=by, **more)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def runs():
    with system_scope():
        return {run.enrolment_id: run.students for run in PrintRun.objects.all()}


def left(rows, season):
    with center_scope():
        return {plan.enrolment.pk: (plan.students, plan.left_out) for plan in print_orders.plan(season, rows)}


def test_each_school_gets_its_run_and_one_that_is_refused_undoes_no_other(three, season, center_admin, center_client):
    first, second, early = three
    job = ordered(three, season, center_admin)
    assert job.status == Job.Status.DONE
    assert runs() == {first.pk: 2, second.pk: 2}
    assert job.result[str(early.pk)]["refusal"] == said(ONCE)
    assert said("Nothing for %(n)s school.", n=1) in job.message
    page = center_client.get(reverse("portal:job", args=[job.pk]), follow=True).content.decode()
    assert said(ONCE) in page
    with system_scope():
        assert all(reverse("printing:center_run", args=[run.pk]) in page for run in PrintRun.objects.all())


def test_the_same_order_a_second_time_makes_nothing(three, season, center_admin):
    ordered(three, season, center_admin)
    again = ordered(three, season, center_admin)
    assert len(runs()) == 2
    assert all("refusal" in told for told in again.result.values())


def test_who_is_left_out_is_counted_by_the_reason(three, school, season, center_client, center_admin):
    for stage in (Stage.WAITING, Stage.RETAKE, Stage.REVIEW, Stage.APPROVED):
        with_portrait(school, season, stage=stage)
    refusing = with_portrait(school, season, stage=Stage.PROOFED)
    with system_scope():
        refusing.consents.update(printing=False)
    reasons = {"todo": 2, "review": 1, "approved": 1}
    assert left(three, season)[three[0].pk] == (2, reasons | {"refused": 1})
    page = center_client.get(ORDER, {"pick": [row.pk for row in three]}).content.decode()
    assert said("%(number)s student would be printed", number=4) in page
    assert said("nobody is to be printed") not in page
    assert said("the feedback form is not accepted") in page
    assert Job.objects.count() == 0
    job = ordered(three, season, center_admin)
    assert job.result[str(three[0].pk)]["left_out"] == reasons | {"refused": 1}
    assert left(three, season)[three[0].pk] == (0, reasons | {"refused": 1, "in_run": 2})


def test_a_school_that_owes_is_left_out_as_the_rule_says(three, season, center_admin, center_client):
    with system_scope():
        Season.objects.filter(pk=season.pk).update(owing_rule=Season.OwingRule.REASON)
    picked = {"pick": [row.pk for row in three]}
    assert center_client.post(ORDER, picked).status_code == 200  # the reason is asked for before anything is ordered
    assert Job.objects.count() == 0
    center_client.post(ORDER, picked | {"reason": "the rector asked"})
    jobs.run(Job.objects.get().pk)
    assert len(runs()) == 2
    with system_scope():
        facts = Event.objects.filter(kind="printrun.created").values_list("facts", flat=True)
        assert {fact["reason"] for fact in facts} == {"the rector asked"}


def test_cancelled_in_the_middle_whole_schools_stay_and_the_rest_can_be_ordered(
    three, season, center_admin, center_client, monkeypatch
):
    plan, begun = print_orders.plan, []

    def cancel_at_the_second(season, enrolments, students):
        """Somebody cancels while the second school is under way."""
        begun.append(enrolments)
        if len(begun) == 2:
            with system_scope():
                jobs.cancel(Job.objects.get(kind=print_orders.KIND), by=center_admin)
        return plan(season, enrolments, students)

    monkeypatch.setattr(print_orders, "plan", cancel_at_the_second)
    job = ordered(three, season, center_admin)
    assert (job.status, len(job.result)) == (Job.Status.FAILED, 1)
    assert runs() == {three[0].pk: 2}
    with system_scope():
        assert Student.objects.filter(prints__isnull=False).count() == 2
    page = center_client.get(reverse("printing:print_order", args=[job.pk])).content.decode()
    assert said("Order the rest…") in page
    with pytest.raises(Conflict):
        jobs.cancel(job, by=center_admin)


def test_a_worker_that_is_lost_goes_on_with_the_schools_that_are_left(three, season, center_admin):
    with center_scope():
        job = print_orders.start(three, season=season, by=center_admin)
    first = three[0]
    with system_scope():
        run = print_runs.create(first, by=center_admin)
        Job.objects.filter(pk=job.pk).update(result={str(first.pk): {"run": run.pk, "students": 2, "left_out": {}}})
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.done) == (Job.Status.DONE, 3)
    assert job.result[str(first.pk)]["run"] == run.pk
    assert set(runs()) == {row.pk for row in three[:2]}


def test_who_may_not_order_cancels_nothing(three, season, center_admin, auditor_of_the_center):
    with center_scope():
        job = print_orders.start(three, season=season, by=center_admin)
        with pytest.raises(NotAllowed):
            jobs.cancel(job, by=auditor_of_the_center)
    assert client_of(center_admin).post(reverse("portal:job_cancel", args=[job.pk])).status_code == 302
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    jobs.run(job.pk)
    assert runs() == {}


@pytest.fixture
def auditor_of_the_center():
    return factories.person("auditor", "center_auditor", None)


def test_pages_ask_the_same_queries_for_any_number(three, season, center_client, django_assert_max_num_queries):
    picked = {"pick": [row.pk for row in three]}
    with django_assert_max_num_queries(40) as one:
        center_client.get(ORDER, {"pick": three[0].pk})
    with django_assert_max_num_queries(len(one)):
        center_client.get(ORDER, picked)
