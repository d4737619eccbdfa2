"""Private files are written and deleted in one place, and the row has the size of each."""

import ast
import io
import resource
import tempfile
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import models, transaction

from portal import files
from portal.models import Job
from tests.support.lost_connection import stored_files

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end", "demo")
STORAGES = {"default_storage", "storage"}


def test_what_is_stored_is_named_with_its_size():
    job = Job(kind="x")
    with files.writing() as write:
        values = write.store(job, {"artefact": b"%PDF-"}, filename="a.pdf")
    assert values["artefact_size"] == 5
    assert values["artefact"].endswith("/a.pdf")
    assert not job.artefact
    with default_storage.open(values["artefact"]) as file:
        assert file.read() == b"%PDF-"


def test_an_open_file_is_stored_as_well(tmp_path):
    source = tmp_path / "volume"
    source.write_bytes(b"x" * 100_000)
    with files.writing() as write, source.open("rb") as file:
        values = write.store(Job(kind="x"), {"artefact": file}, filename="a.pdf")
    assert values["artefact_size"] == default_storage.size(values["artefact"]) == 100_000


def test_an_open_file_that_is_still_being_written_has_its_whole_size():
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the last bytes are not on the disk yet
    file.write(b"x" * 100_001)
    with file, files.writing() as write:
        values = write.store(Job(kind="x"), {"artefact": file}, filename="a.zip")
    assert values["artefact_size"] == default_storage.size(values["artefact"]) == 100_001


def test_many_files_are_written_at_once_and_none_stays_when_one_fails():
    contents = [(Job(kind="x"), {"artefact": b"x" * n}) for n in range(30)]
    with files.writing() as write:
        values = write.store_each(contents, filename="a.pdf")
    assert [each["artefact_size"] for each in values] == list(range(30))
    assert len({each["artefact"] for each in values}) == 30
    kept = stored_files()
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(ValueError, match="closed"), files.writing() as write:
        write.store_each([*contents, (Job(kind="x"), {"artefact": closed}), *contents], filename="a.pdf")
    assert stored_files() == kept


def test_full_disk_leaves_no_half_of_a_file():
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))  # beyond it writing fails, as on a full disk
    try:
        with pytest.raises(OSError, match="File too large"), files.writing() as write:
            write.store(Job(kind="x"), {"artefact": io.BytesIO(b"x" * 300_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert stored_files() == set()


def test_all_that_was_written_goes_when_it_fails():
    def stopped():
        with files.writing() as write:
            write.store(Job(kind="x"), {"artefact": b"1"})
            write.store(Job(kind="x"), {"artefact": io.BytesIO(b"2")})
            assert len(stored_files()) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert stored_files() == set()


@pytest.mark.django_db(transaction=True)
def test_what_fails_after_the_commit_takes_no_file_that_a_row_names():
    def replaced(job):
        with files.writing() as write:
            written = write.store(job, {"artefact": b"new"})
            with transaction.atomic():
                transaction.on_commit(lambda: 1 / 0)
                Job.objects.filter(pk=job.pk).update(**written)

    job = Job.objects.create(kind="x")
    with pytest.raises(ZeroDivisionError):
        replaced(job)
    job.refresh_from_db()
    assert job.artefact.storage.exists(job.artefact.name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("commits", [True, False])
def test_a_replaced_file_stays_until_the_commit(commits):
    with files.writing() as write:
        old = write.store(Job(kind="x"), {"artefact": b"old"})["artefact"]
    with transaction.atomic():
        files.delete_after_commit([old, "", None])
        assert default_storage.exists(old)
        transaction.set_rollback(not commits)
    assert default_storage.exists(old) is not commits


def file_fields():
    return [
        field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.FileField) and model._meta.app_label in ROOMS
    ]


@pytest.mark.parametrize("field", file_fields(), ids=str)
def test_every_file_has_its_size_beside_it(field):
    assert isinstance(
        field.model._meta.get_field(f"{field.name}_size"), models.PositiveIntegerField | models.BigIntegerField
    )


def _writes(path: Path) -> list[str]:
    """Calls that write or delete a stored file: `row.<file field>.save(…)`, `.delete(…)`, `default_storage.save(…)`, `ContentFile`."""
    names = STORAGES | {field.name for field in file_fields()}
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(attr="save" | "delete" as verb, value=ast.Attribute(attr=name))) if (
                name in names
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}.{verb}")
            case ast.Call(func=ast.Attribute(attr="save" | "delete" as verb, value=ast.Name(id=name))) if (
                name in STORAGES
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}.{verb}")
            case ast.ImportFrom(module="django.core.files.base"):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} django.core.files.base")
    return found


# The scale demo's rows share their pictures: none of them owns one.
SHARED = "demo/scale/pictures.py"


def test_only_one_module_writes_stored_files():
    modules = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    mine = [ROOT / "portal/files.py", ROOT / SHARED, *(ROOT / "portal/storages").glob("*.py")]
    found = [line for path in modules if path not in mine for line in _writes(path)]
    assert found == []


def test_the_search_for_writes_finds_them():
    assert len(_writes(ROOT / "portal/files.py")) >= 3
    assert len(_writes(ROOT / "tests/factories.py")) >= 4
