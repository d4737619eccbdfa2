"""Is it the student? The face of a photo beside the admission photo, earlier photos and those of others."""

import pytest

from capture.judging import limits, rejudge
from capture.models import Consent, FaceComparison, FaceNumbers, Finding, Photo
from capture.same_person import comparison, face_numbers
from capture.sign_in import consent
from portal.errors import Conflict
from portal.models import Event
from portal.security import encryption
from portal.tenancy import school_scope
from tests import factories
from tests.support.drawn_students import MAN, OLD, WOMAN, picture
from vision.likeness import face_embedding

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("strict")]
Kind, Answer = FaceComparison.Kind, FaceComparison.Answer


def warned(photo: Photo) -> set[str]:
    with school_scope(photo.school):
        return set(Finding.objects.filter(photo=photo).values_list("rule", flat=True))


def found(photo: Photo) -> dict[str, FaceComparison]:
    with school_scope(photo.school):
        return {row.kind: row for row in FaceComparison.objects.filter(photo=photo)}


def test_own_face_is_near_and_nothing_is_said(student, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN, width=240)})
    photo = compared(student, WOMAN, light=20)
    assert warned(photo) == set()
    assert found(photo)["admission"].distance == pytest.approx(photo.measures["face_distance"], abs=0.001)
    assert photo.measures["face_distance"] < 0.3
    assert photo.outcome == "green"


def test_stand_in_is_a_warning_never_a_rejection(student, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN)
    assert warned(photo) == {"same_person"}
    assert (photo.status, photo.outcome) == (Photo.Status.SUBMITTED, "amber")
    with school_scope(student.school):
        finding = Finding.objects.get(photo=photo)
        assert (finding.outcome, finding.limit) == ("warn", 0.45)
        assert Event.objects.filter(kind="photo.face_doubted").count() == 1


def test_admission_photo_that_comes_later_is_compared_too(student, upload, compared, photographed):
    photo = compared(student, MAN)
    assert photo.face_compared_at
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo.refresh_from_db()
    assert photo.face_compared_at is None
    with school_scope(student.school):
        comparison.compare(photo_id=photo.pk)
    assert warned(photo) == {"same_person"}


def test_without_admission_photo_a_stand_in_on_the_second_try_is_seen(student, compared):
    first = compared(student, WOMAN)
    assert found(first) == {}
    second = compared(student, MAN)
    assert warned(second) == {"same_person"}
    assert found(second)["attempt"].other_photo_id == first.pk
    third = compared(student, MAN, width=300)
    assert warned(third) == {"same_person"}  # near to the second, far from the first


def test_of_a_refused_photo_nothing_is_stored_and_it_is_compared(student, photographed, compared):
    refused = photographed(student, WOMAN)
    with school_scope(student.school):
        Photo.objects.filter(pk=refused.pk).update(status=Photo.Status.REJECTED)
    assert warned(compared(student, MAN)) == {"same_person"}
    with school_scope(student.school):
        assert not FaceNumbers.objects.filter(photo=refused).exists()


def test_without_consent_no_numbers_are_made(school, student, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN, agrees=False)
    assert warned(photo) == set()
    assert photo.face_compared_at
    with school_scope(school):
        assert not FaceNumbers.objects.exists()


def test_consent_taken_back_deletes_what_was_kept_and_found(school, season, student, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN)
    with school_scope(school):
        consent.agree(student=student, season=season, version=season.consent_version, by=student, face_comparison=True)
        assert not FaceNumbers.objects.exists()
        assert not FaceComparison.objects.exists()
    assert warned(photo) == set()


def test_consent_given_later_has_the_photo_compared(school, season, student, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN, agrees=False)
    with school_scope(school):
        Consent.objects.filter(student=student).delete()
        consent.agree(
            student=student, season=season, version=season.consent_version, by=student, admission_comparison=True
        )
    photo.refresh_from_db()
    assert photo.face_compared_at is None


def test_swapped_students_are_a_pair(school, season, student, upload, compared):
    other = factories.student(school, season)
    upload({f"{student.student_no}.jpg": picture(WOMAN), f"{other.student_no}.jpg": picture(MAN)})
    one = compared(student, MAN, width=300)
    assert set(found(one)) == {"admission"}  # the other has no photo yet, and so nobody's numbers were made
    two = compared(other, WOMAN, width=300)
    assert found(two)["swapped"].other_student_id == student.pk
    assert found(one)["swapped"].other_student_id == other.pk
    assert warned(one) == warned(two) == {"same_person"}


def test_stand_in_who_studies_here_is_named(school, season, student, upload, compared):
    other = factories.student(school, season)
    upload({f"{student.student_no}.jpg": picture(WOMAN), f"{other.student_no}.jpg": picture(MAN)})
    own = compared(other, MAN)
    photo = compared(student, MAN, width=300)
    rows = found(photo)
    assert rows["other"].other_student_id == other.pk
    assert rows["same_face"].other_photo_id == own.pk
    assert warned(photo) == {"same_person", "same_face"}
    assert warned(own) == {"same_face"}
    with school_scope(school):  # however many warnings a photo has, each pair is to be looked at once
        assert sorted(row.kind for row in comparison.doubted(season)) == [
            "admission",
            "other",
            "same_face",
            "same_face",
        ]


def test_faces_of_other_schools_are_not_looked_at(season, student, other_school, compared):
    compared(factories.student(other_school, season), MAN)
    assert found(compared(student, MAN, width=300)) == {}


def test_person_says_that_it_is_the_student(school, student, owner, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN)
    with school_scope(school):
        row = comparison.answer(row=found(photo)["admission"], answer="same", by=owner)
        with pytest.raises(Conflict):
            comparison.answer(row=row, answer="different", by=owner)
    assert (row.answer, row.answered_by_name) == (Answer.SAME, owner.actor_name)
    assert warned(photo) == set()
    photo.refresh_from_db()
    assert photo.outcome == "green"
    with school_scope(school):
        limit_set, bounds = limits.in_force(photo.season), limits.bounds(limits.in_force(photo.season), background="")
        rejudge.rejudge_photo(photo, limit_set, bounds, by=owner)
    assert warned(photo) == set()  # a replay does not ask again


def test_person_says_that_these_are_two(school, season, student, owner, compared):
    twin = factories.student(school, season)
    own = compared(twin, MAN)
    photo = compared(student, MAN, width=300)
    with school_scope(school):
        comparison.answer(row=found(photo)["same_face"], answer="different", by=owner)
    assert warned(photo) == set()
    assert warned(own) == {"same_face"}  # the other photo is asked about by itself


def test_other_limits_are_previewed_and_replayed(school, season, student, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN)
    milder = limits.draft_set(season, changes={"same_person": {"warn": 1.5}})
    with school_scope(school):
        report = rejudge.predict(rejudge.judged_photos(season), milder, season=season)
    assert report.rules == {("same_person", "warn", ""): 1}
    assert photo.pk


def test_numbers_are_sealed_to_their_row(school, student, compared):
    photo = compared(student, WOMAN)
    with school_scope(school):
        row = FaceNumbers.objects.get(photo=photo)
        numbers = face_embedding.embed_jpeg(picture(WOMAN))
        assert numbers is not None
        assert face_embedding.to_bytes(numbers) not in bytes(row.sealed)
        kept = face_numbers.stored(student.pk, photo.pk)
        assert kept is not None
        assert face_embedding.distance(numbers, kept) < 0.01
        FaceNumbers.objects.filter(pk=row.pk).update(photo=None)
        with pytest.raises(encryption.Unreadable):
            face_numbers.stored(student.pk, None)


def test_faces_in_memory_follow_the_database(school, season, student, compared):
    compared(student, WOMAN)
    other = factories.student(school, season)
    with school_scope(school):
        assert len(face_numbers.faces_of(school.pk, season.pk).students) == 1
    compared(other, OLD)
    with school_scope(school):
        assert len(face_numbers.faces_of(school.pk, season.pk).students) == 2
        FaceNumbers.objects.filter(student=student).delete()
        assert face_numbers.faces_of(school.pk, season.pk).students.tolist() == [other.pk]


def test_light_table_shows_both_pictures_and_the_answer(owner_client, school, student, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN)
    page = f"/school/2026/review/?state=all&photo={photo.pk}"
    content = owner_client.get(page).content.decode()
    assert f"/admission-pictures/{student.pk}/" in content
    row = found(photo)["admission"]
    owner_client.post(f"/school/2026/faces/{row.pk}/answer/", {"answer": "same"})
    assert found(photo)["admission"].answer == "same"


def test_pairs_of_students_are_listed(owner_client, school, season, student, upload, compared):
    other = factories.student(school, season)
    compared(other, MAN)
    compared(student, MAN, width=300)
    content = owner_client.get("/school/2026/admission-photos/faces/").content.decode()
    assert student.student_no in content
    assert other.student_no in content
