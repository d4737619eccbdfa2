import pytest

from portal.security import encryption
from portal.security.encryption import Unreadable
from students.identity import id_encryption
from students.models import Student
from tests import factories
from tests.support.words import said

OTHER = "another key of the tests, 2"
HERE = id_encryption.student_place(season_id=1, school_id=2, student_no="S1")
DAMAGED = said("Something encrypted in the database is damaged, or it belongs to another person. Tell the operator.")


@pytest.mark.parametrize(
    "place",
    [
        id_encryption.student_place(season_id=1, school_id=2, student_no="S2"),
        id_encryption.student_place(season_id=1, school_id=3, student_no="S1"),
        id_encryption.student_place(season_id=2, school_id=2, student_no="S1"),
        id_encryption.correction_place(1),
    ],
)
def test_a_ciphertext_is_read_in_its_own_place_only(place):
    sealed = encryption.encrypt("32010220010203001X", HERE)
    assert encryption.decrypt(sealed, HERE) == "32010220010203001X"
    with pytest.raises(Unreadable, match=DAMAGED):
        encryption.decrypt(sealed, place)


@pytest.mark.parametrize("place", [0, 1, 13, -1])
def test_a_changed_byte_is_noticed(place):
    sealed = bytearray(encryption.encrypt("32010220010203001X", HERE))
    sealed[place] ^= 1
    with pytest.raises(Unreadable):
        encryption.decrypt(bytes(sealed), HERE)


def test_the_newest_key_writes_and_all_are_read(settings):
    old = encryption.encrypt("1234567", HERE)
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: OTHER}
    new = encryption.encrypt("1234567", HERE)
    assert [encryption.version_of(sealed) for sealed in (old, new)] == [1, 2]
    assert {encryption.decrypt(sealed, HERE) for sealed in (old, new)} == {"1234567"}
    assert [digest.partition(":")[0] for digest in id_encryption.digests("1234567")] == ["2", "1"]
    settings.ID_NUMBER_KEYS = {2: OTHER}
    with pytest.raises(
        Unreadable,
        match=said(
            "Something in the database is encrypted with key %(version)d, which is not set. Tell the operator.",
            version=1,
        ),
    ):
        encryption.decrypt(old, HERE)


@pytest.mark.django_db
def test_numbers_that_were_swapped_in_the_database_are_refused(owner_client, school, season, scoped):
    one, other = (factories.student(school, season) for _ in range(2))
    one.id_sealed, other.id_sealed = other.id_sealed, one.id_sealed
    Student.objects.bulk_update([one, other], ["id_sealed"])
    answer = owner_client.post(f"/school/roster/{one.pk}/reveal/", headers={"Accept": "application/json"})
    assert answer.json() == {"error": DAMAGED}
    assert said("Unreadable") in owner_client.get("/school/roster/").content.decode()
