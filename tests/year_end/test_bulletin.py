"""What a bulletin says, and that a published one and its documents stay as they are."""

import hashlib
import io
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from django.utils import timezone

from portal.errors import Conflict, PortalError
from portal.tenancy import center_scope
from schools.models import Enrolment, School, Season, Window
from tests import factories
from tests.support.school_papers import with_portrait
from tests.support.words import said
from year_end import bulletin as bulletins
from year_end import documents, ranking, reports, scoring
from year_end.figures import Totals, figures_in, sha256_of, totals_in
from year_end.models import Bulletin, ScoringRules, YearEndDocument

pytestmark = pytest.mark.django_db


@pytest.fixture
def half_done(season, school, other_school):
    """Lakeside is finished, with 2 of 2. Riverside is within its days, with 1 of 4. A third one has no roster."""
    factories.school(season=season, code="30001", name="Hilltop College")
    for _ in range(2):
        with_portrait(school, season)
    with_portrait(other_school, season)
    for _ in range(3):
        factories.student(other_school, season)
    today = timezone.localdate()
    with center_scope():
        Window.objects.update(starts_on=today, ends_on=today)
        Enrolment.objects.filter(school=school).update(
            capture_ended_on=today, status=Enrolment.Status.FEEDBACK_ACCEPTED
        )
        yield season


def draft_of(season) -> str:
    return bulletins.draft_text(ranking.ranking_of(season), list(ranking.awards_by_rank(season)))


def test_draft_counts_every_enrolled_school_and_says_that_the_season_is_not_finished(half_done, center_admin):
    awards = ranking.rank(half_done, by=center_admin)
    assert len(awards) == 1  # only one school is ranked, and yet the bulletin speaks of three
    text = draft_of(half_done)
    today = timezone.localdate()
    assert (
        f"尚未结束。截至{today:%Y年%-m月%-d日}，共3个单位参加，应采集{half_done.graduating_class}届毕业生6人，已采集3人"
        in text
    )
    assert "占应采集人数的50.0%" in text
    assert "1个单位已提交校对反馈表并经中心接收，2个单位尚未完成" in text
    assert "2个单位仍在采集期内" in text
    assert "1个单位尚未导入学生电子数据表" in text


def test_draft_of_a_finished_season_has_no_reservation(half_done, center_admin):
    Enrolment.objects.update(capture_ended_on=timezone.localdate(), status=Enrolment.Status.RECEIVED)
    ranking.rank(half_done, by=center_admin)
    text = draft_of(half_done)
    assert "已经结束" in text
    assert "阶段性" not in text


@pytest.mark.parametrize(("captured", "percent"), [(9996, "99.9%"), (10000, "100.0%"), (6700, "67.0%"), (0, "0.0%")])
def test_share_is_never_rounded_up_to_all(captured, percent):
    totals = Totals(enrolled=6, without_roster=0, capturing=0, finished=3, roster=10000, captured=captured)
    assert totals.percent == percent
    assert not totals.is_over


def test_bulletin_whose_figures_have_changed_is_not_published(half_done, school, center_admin):
    ranking.rank(half_done, by=center_admin)
    draft = bulletins.save_bulletin(half_done, title="B", text="x", by=center_admin)
    factories.student(school, half_done)
    ranking.rank(half_done, by=center_admin)
    sentence = "The schools were ranked again after this draft was saved. Compare its numbers and save it once more."
    with pytest.raises(Conflict, match=said(sentence)):
        bulletins.publish(draft, by=center_admin)
    assert not Bulletin.objects.get().published_at
    bulletins.publish(bulletins.save_bulletin(half_done, title="B", text="y", by=center_admin), by=center_admin)
    assert Bulletin.objects.get().published_at


def test_bulletin_without_a_ranking_is_not_published(season, center_admin):
    draft = bulletins.save_bulletin(season, title="B", text="x", by=center_admin)
    with pytest.raises(PortalError, match=said("Rank the schools first: the bulletin reports their figures.")):
        bulletins.publish(draft, by=center_admin)


@pytest.fixture
def published(half_done, center_admin):
    award = ranking.rank(half_done, by=center_admin)[0]
    persons = [{"name": "周文静", "post": "教务处"}]
    ranking.decide_award(
        award, is_commended=True, is_criticised=False, persons=persons, allowance_fen=12050, by=center_admin
    )
    draft = bulletins.save_bulletin(half_done, title="情况通报", text=draft_of(half_done), by=center_admin)
    return bulletins.publish(draft, by=center_admin)


def kept() -> dict[str, bytes]:
    return {row.name: Path(row.file.path).read_bytes() for row in YearEndDocument.objects.all()}


def test_documents_of_a_published_bulletin_are_the_same_bytes_in_later_years(published, school, center_admin):
    before = kept()
    assert set(before) == set(documents.DOCUMENTS)
    ranked = ranking.ranking_of(published.season)
    # Years later: other names, other students, other rules of the house; the season is in the archive.
    School.objects.filter(pk=school.pk).update(name="Renamed University", code="99999")
    factories.student(school, published.season)
    Season.objects.update(status=Season.Status.ARCHIVED, center_name="Other Center")
    report = reports.of(ranked, list(ranking.awards_by_rank(published.season)), Bulletin.objects.get())
    for name, document in documents.DOCUMENTS.items():
        assert document.make(report) == before[name], name
    rows = YearEndDocument.objects.all()
    assert {row.name: row.sha256 for row in rows} == {k: hashlib.sha256(v).hexdigest() for k, v in before.items()}


def test_stored_figures_are_those_of_the_hash_and_give_the_stored_scores(published):
    ranked = ranking.ranking_of(published.season)
    assert sha256_of(ranked.snapshot) == ranked.sha256
    weights = {name: ranked.snapshot["rules"][name] for name in ScoringRules.PARTS}
    found = figures_in(ranked.snapshot)
    awards = list(ranking.awards_by_rank(published.season))
    assert [found[award.school_id].score(weights) for award in awards] == [award.score for award in awards]
    assert totals_in(ranked.snapshot).enrolled == 3


def test_bulletin_as_word_and_pdf_has_figures_units_and_persons(published):
    files = kept()
    with zipfile.ZipFile(io.BytesIO(files["bulletin.docx"])) as package:
        word = package.read("word/document.xml").decode()
        foot = package.read("word/footer1.xml").decode()
    pages = pypdfium2.PdfDocument(files["bulletin.pdf"])
    pdf = "".join(page.get_textpage().get_text_range() for page in pages)
    for text in (word, pdf):
        for words in ("情况通报", "附件1", "未结束（阶段性数据）", "优秀组织单位", "周文静", "教务处"):
            assert words in text, words
    sha256 = ranking.ranking_of(published.season).sha256
    assert sha256 in foot
    assert sha256 in pdf


def test_table_of_allowances_adds_up(published):
    pages = pypdfium2.PdfDocument(kept()["subsidies.pdf"])
    text = pages[0].get_textpage().get_text_range()
    assert text.count("120.50") == 3  # in the text, in the row of the school, and in the sum
    assert "草稿" not in text


def test_new_season_begins_with_the_rules_of_the_old_one_and_keeps_its_own(season, center_admin):
    Season.objects.filter(pk=season.pk).update(status=Season.Status.DRAFT)
    terms = ScoringRules().terms | {"coverage": 35, "kept": 15}
    scoring.change_rules(season, by=center_admin, **terms)
    later = factories.season(year=season.year + 1, graduating_class=season.year + 2, status=Season.Status.DRAFT)
    scoring.carry_over(season, later, center_admin)
    scoring.change_rules(season, by=center_admin, **ScoringRules().terms)
    assert scoring.rules_of(later).terms == terms
