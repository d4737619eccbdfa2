"""Private files in a bucket, against a server that checks each signature."""

import datetime as dt
import io
import os
import uuid
from contextlib import contextmanager, nullcontext
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.http import Http404
from django.test import override_settings

from portal import file_copies, files, outages
from portal.background import health
from portal.errors import PortalError
from portal.models import Job
from portal.privacy import unnamed_files
from portal.storages import bucket as bucket_module
from portal.storages.checks import check_storage
from portal.tenancy import system_scope
from portal.watching import signs
from tests.support.s3_server import WELL, s3_server
from tests.support.tls_gate import tls_gate

LARGE = os.urandom(bucket_module.PART_BYTES) + b"the second part"


@pytest.fixture(scope="module")
def server():
    with s3_server() as started:
        yield started


@pytest.fixture
def s3(server):
    """The portal with an empty bucket."""
    name = f"photos-{uuid.uuid4().hex[:8]}"
    server.make_bucket(name)
    server.fault, server.is_public = dict(WELL), False
    with use(server.settings(name)):
        server.asked.clear()
        yield server


def use(options):
    return override_settings(STORAGES={"default": {"BACKEND": "portal.storages.bucket.Bucket", "OPTIONS": options}})


def names():
    return [stored.name for stored in files.storage().listing()]


def store(content=b"%PDF-", filename="甲 (1)+&.pdf"):
    with files.writing() as write:
        return write.store(Job(kind="x"), {"artefact": content}, filename=filename)["artefact"]


def test_a_file_is_written_read_and_deleted_with_one_request_each(s3):
    name = store()
    assert files.read(name) == b"%PDF-"
    assert files.beginning_of(name) == b"%"
    files.delete([name])
    assert files.content_of(name) is None
    assert [method for method, _path in s3.asked] == ["PUT", "GET", "GET", "DELETE", "GET"]
    with pytest.raises(FileNotFoundError):
        default_storage.open(name)


def test_the_next_files_are_read_ahead_in_their_order_and_no_more_than_a_few(s3):
    names = [store(str(number).encode()) for number in range(20)]
    files.delete([names[3]])
    s3.asked.clear()
    with files.reading_ahead(names) as read:
        assert read(names[0]) == b"0"
        assert len(s3.asked) <= 1 + files.storage().together
        assert [read(name) for name in names[1:3]] == [b"1", b"2"]
        with pytest.raises(FileNotFoundError):
            read(names[3])
        assert [read(name) for name in names[4:]] == [str(number).encode() for number in range(4, 20)]
        assert len(s3.asked) == 20
        assert read(names[0]) == b"0"  # out of turn


def test_a_large_file_goes_in_parts_and_comes_back_whole(s3):
    opened = io.BytesIO(LARGE)
    name = store(opened)
    assert not opened.closed
    assert [method for method, _path in s3.asked] == ["POST", "PUT", "PUT", "POST"]
    with default_storage.open(name) as file:
        assert file.read() == LARGE
        file.seek(1)
        assert file.read(3) == LARGE[1:4]


def test_what_a_killed_process_began_is_dropped_after_a_while(s3, db):
    client = files.storage().client
    client.create_multipart_upload(Bucket=files.storage().bucket, Key="jobs/x/half.zip")
    now = dt.datetime.now(dt.UTC)
    lost, other = default_storage.save("originals/1/lost.jpg", ContentFile(b"x")), store()
    assert (
        files.storage().drop_unfinished(before=dt.datetime(2010, 1, 1, tzinfo=dt.UTC)) == 0
    )  # moto begins all in that year
    assert [stored.name for stored in unnamed_files.unnamed()] == sorted([lost, other])
    assert unnamed_files.delete(before=now + dt.timedelta(days=1)) == 3
    assert names() == []


def test_a_listing_goes_on_after_its_first_page_in_the_order_of_bytes(s3, monkeypatch):
    made = [default_storage.save(f"a/{key}", ContentFile(b"1")) for key in ("b/1", "b.jpg", "é", "Z", "b")]
    client = files.storage().client
    monkeypatch.setattr(
        client, "list_objects_v2", lambda _real=client.list_objects_v2, **given: _real(**given, MaxKeys=2)
    )
    assert names() == sorted(made)


@pytest.mark.parametrize("changed", [{"secret_key": "wrong"}, {"key_id": "stranger"}, {"region": "cn-west-1"}])
def test_nobody_without_the_key_reads_or_writes(s3, changed):
    name = store()
    with use(s3.settings(files.storage().bucket, **changed)):
        with pytest.raises(outages.FilesAway):
            files.read(name)
        with pytest.raises(outages.FilesAway):
            store()
    assert names() == [name]


def test_nginx_gets_an_address_for_a_minute_that_shows_this_file_and_no_other(s3, settings):
    settings.X_ACCEL_PREFIX = "/private/"
    job = Job(kind="x", artefact=store(b"zip"))
    other = store(b"of another")
    response = files.send(job.artefact, filename="a.zip", content_type="application/zip")
    address = s3.url + response["X-File-Address"]
    assert response["X-Accel-Redirect"] == "/private/"
    assert "X-Amz-Expires=60" in address
    assert requests.get(address, timeout=5).content == b"zip"
    stranger = address.split("?")[0]
    assert requests.get(stranger, timeout=5).status_code == 403
    forged = address.replace(requests.utils.quote(job.artefact.name), requests.utils.quote(other))
    assert forged != address
    assert requests.get(forged, timeout=5).status_code == 403
    assert requests.delete(address, timeout=5).status_code == 403


def test_without_nginx_the_portal_streams(s3, db):
    job = Job(kind="x", artefact=store(LARGE))
    response = files.send(job.artefact, filename="a.zip", content_type="application/zip")
    assert int(response["Content-Length"]) == len(LARGE)
    assert b"".join(response.streaming_content) == LARGE
    response.close()
    files.delete([job.artefact.name])
    with pytest.raises(Http404):
        files.send(job.artefact, filename="a.zip", content_type="application/zip")


def test_check_deploy_finds_a_bucket_that_is_public_or_away(s3):
    assert check_storage() == []
    s3.is_public = True
    assert "公开" in check_storage()[0].msg
    with use(s3.settings("nobody-has-this")):
        assert "NoSuchBucket" in check_storage()[0].msg
    assert names() == []


def test_all_files_are_copied_into_a_folder_and_back(s3, tmp_path):
    kept, gone = store(LARGE), store(b"2")
    folder = tmp_path / "copy"
    assert file_copies.fetch(folder) == (2, 0, 0)
    assert (folder / kept).read_bytes() == LARGE
    files.delete([gone])
    new = store(b"3")
    assert file_copies.fetch(folder) == (1, 1, 1)
    assert not (folder / gone).exists()
    files.delete([kept, new])
    assert file_copies.put_back(folder) == (2, 0, 0)
    assert names() == sorted([kept, new])
    assert files.read(kept) == LARGE
    assert file_copies.put_back(folder) == (0, 2, 0)
    (tmp_path / "mine").write_text("not a copy")
    with pytest.raises(PortalError):
        file_copies.fetch(tmp_path)


@contextmanager
def away(server):
    server.fault = WELL | {"status": 503}
    try:
        yield
    finally:
        server.fault = dict(WELL)


def test_who_watches_is_told_that_it_is_away_and_pages_go_on(s3, db, monkeypatch):
    monkeypatch.setattr(bucket_module, "AWAY_SECONDS", 0)
    for is_away in (True, False):
        with system_scope(), away(s3) if is_away else nullcontext():
            health.note()
            found = {sign.name: sign.says for sign in signs.look() if sign.is_wrong}
        assert ("files" in health.state()["wrong"], "files" in found) == (is_away, is_away)
        assert health.state()["ready"]
    assert found.get("files") is None


def test_nobody_waits_again_for_a_service_that_was_silent(s3):
    with use(s3.settings("photos", endpoint="http://127.0.0.1:1")):
        for _attempt in range(3):
            with pytest.raises(outages.FilesAway):
                store()
    assert s3.asked == []


def test_a_service_whose_certificate_no_authority_vouches_for_gets_nothing(s3, tmp_path):
    with tls_gate(tmp_path, ("127.0.0.1", urlsplit(s3.url).port)) as gate:
        over_tls = s3.settings(files.storage().bucket, endpoint=f"https://127.0.0.1:{gate.port}")
        with use(over_tls), pytest.raises(outages.FilesAway):
            store()
        assert s3.asked == []
        with use(over_tls | {"authorities": str(gate.authority)}):
            assert files.read(store()) == b"%PDF-"


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_service_that_leads_elsewhere_is_not_followed(s3, status, monkeypatch):
    """Neither to its Location, nor to the server of the region that it names."""
    monkeypatch.setattr(bucket_module, "AWAY_SECONDS", 0)
    reached, connect = set(), urllib3.util.connection.create_connection
    monkeypatch.setattr(
        "urllib3.util.connection.create_connection",
        lambda to, *more, **how: reached.add(to) or connect(to, *more, **how),
    )
    own = urlsplit(s3.url)
    storage = files.storage()
    with s3_server() as elsewhere:
        s3.fault = WELL | {"status": status, "leads_to": f"{elsewhere.url}/photos/x"}
        for ask in (store, lambda: store(LARGE), lambda: storage.read("x"), lambda: list(storage.listing())):
            with pytest.raises(outages.FilesAway):
                ask()
    assert reached <= {(own.hostname, own.port)}
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "field",
    [field for model in apps.get_models() for field in model._meta.get_fields() if isinstance(field, models.FileField)],
    ids=str,
)
def test_no_two_files_have_one_name_without_asking(field):
    row = field.model(pk=1)
    assert field.generate_filename(row, "a.pdf") != field.generate_filename(row, "a.pdf")
