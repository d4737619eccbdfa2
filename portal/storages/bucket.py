"""Private files in a bucket of an S3 service: several machines share it (decision 85).

Every path holds a fresh uuid and a file is never changed, so nothing is asked before one is written. Sizes stand in the rows.
"""

import datetime as dt
import errno
import io
import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.http import HttpResponse
from django.utils.translation import gettext as _

from portal.outages import FilesAway
from portal.storages import PrivateStorage, Stored

log = logging.getLogger(__name__)
PART_BYTES = 8 * 1024 * 1024  # what is larger is sent in parts
SPOOLED_BYTES = 32 * 1024 * 1024  # what is larger is read through a temporary file
AWAY_SECONDS = 5.0  # after a service that did not answer, nobody waits for it again for so long
NGINX_SECONDS = 60  # how long nginx may begin to fetch a file
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3, 15, 2
ABSENT = ("404", "NoSuchKey", "NoSuchUpload")


class Bucket(PrivateStorage):
    together = 8

    def __init__(
        self,
        *,
        bucket: str,
        endpoint: str,
        region: str,
        key_id: str,
        secret_key: str,
        addressing: str,
        authorities: str = "",
    ) -> None:
        self.bucket = bucket
        self._arguments = {
            "endpoint_url": endpoint,
            "region_name": region,
            "aws_access_key_id": key_id,
            "aws_secret_access_key": secret_key,
            "verify": authorities or None,
            "config": Config(
                signature_version="s3v4",
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                max_pool_connections=2 * settings.WEB_THREADS,
                tcp_keepalive=True,
                s3={"addressing_style": addressing},
                # Services other than Amazon's refuse the newer checksums that the client adds by itself.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        }
        self._lock = threading.Lock()
        self._made: tuple[int, Any] = (0, None)  # the client, and the process that it belongs to
        self._silent_until = 0.0

    @property
    def client(self) -> Any:
        """One a process: connections do not survive a fork. Threads share it."""
        with self._lock:
            if self._made[0] != os.getpid():
                self._made = (os.getpid(), boto3.session.Session().client("s3", **self._arguments))
            return self._made[1]

    @contextmanager
    def _asking(self, name: str = "") -> Iterator[Any]:
        """The client. What it raises becomes FileNotFoundError or FilesAway."""
        if time.monotonic() < self._silent_until:
            raise FilesAway
        try:
            yield self.client
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ABSENT and name:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from error
            log.warning("The S3 service answers: %s", error)
            raise FilesAway(code) from error
        except BotoCoreError as error:
            self._silent_until = time.monotonic() + AWAY_SECONDS
            log.warning("The S3 service does not answer: %s", type(error).__name__)
            raise FilesAway from error

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Nobody else has it. Only a name that has to be cut is asked for."""
        fits = max_length is None or len(name) <= max_length
        return name if fits else super().get_available_name(name, max_length)

    def _save(self, name: str, content: File) -> str:
        body = _Kept(content.file)  # type: ignore[arg-type]
        size = body.seek(0, io.SEEK_END)
        body.seek(0)
        with self._asking() as client:
            if size <= PART_BYTES:
                client.put_object(Bucket=self.bucket, Key=name, Body=body)
            else:
                parts = TransferConfig(
                    multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4
                )
                client.upload_fileobj(body, self.bucket, name, Config=parts)
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError("A stored file is only read; `save` writes one.")
        body, _size = self.stream(name)
        content = SpooledTemporaryFile(max_size=SPOOLED_BYTES)  # noqa: SIM115 (the caller closes the file)
        try:
            with body, self._asking(name):
                shutil.copyfileobj(body, content, 1024 * 1024)
        except BaseException:
            content.close()
            raise
        content.seek(0)
        return File(content, name)

    def read(self, name: str) -> bytes:
        with self._asking(name) as client, client.get_object(Bucket=self.bucket, Key=name)["Body"] as body:
            return bytes(body.read())

    def stream(self, name: str) -> tuple[IO[bytes], int]:
        with self._asking(name) as client:
            answer = client.get_object(Bucket=self.bucket, Key=name)
        return answer["Body"], answer["ContentLength"]

    def tell_nginx(self, response: HttpResponse, name: str) -> None:
        """An address that is signed for a minute. nginx follows it (deploy/nginx-bucket.conf) and shows it to nobody;
        a file that is not there is a 404 of nginx.
        """
        what = {"Bucket": self.bucket, "Key": name}
        found = urlsplit(self.client.generate_presigned_url("get_object", Params=what, ExpiresIn=NGINX_SECONDS))
        response["X-Accel-Redirect"] = settings.X_ACCEL_PREFIX
        response["X-File-Address"] = f"{found.path}?{found.query}"

    def delete(self, name: str) -> None:
        with self._asking() as client:
            client.delete_object(Bucket=self.bucket, Key=name)

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        with self._asking(name) as client:
            return int(client.head_object(Bucket=self.bucket, Key=name)["ContentLength"])

    def listing(self, folder: str = "") -> Iterator[Stored]:
        """A thousand a request, in the order of their bytes."""
        mark = ""
        while True:
            with self._asking() as client:
                page = client.list_objects_v2(Bucket=self.bucket, Prefix=folder, StartAfter=mark)
            for found in page.get("Contents", ()):
                yield Stored(found["Key"], found["Size"], found["LastModified"])
                mark = found["Key"]
            if not page["IsTruncated"]:
                return

    def drop_unfinished(self, *, before: dt.datetime) -> int:
        """Uploads in parts whose process was killed: they are paid for, and no listing shows them."""
        with self._asking() as client:
            pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket)
            begun = [each for page in pages for each in page.get("Uploads", ())]
        old = [each for each in begun if each["Initiated"] < before]
        for each in old:
            with self._asking() as client:
                client.abort_multipart_upload(Bucket=self.bucket, Key=each["Key"], UploadId=each["UploadId"])
        return len(old)

    def problem(self) -> str:
        try:
            with self._asking() as client:
                client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)
        except FilesAway as error:
            return _("refuses: %(code)s") % {"code": error.code} if error.code else _("does not answer")
        return ""

    def faults(self) -> list[str]:
        """A file of our own is written, asked for by a stranger, and deleted."""
        name = f"check/{uuid.uuid4().hex}"
        try:
            self.save(name, ContentFile(b"check"))
            is_public = self._is_shown_to_strangers(name)
            self.delete(name)
        except FilesAway as error:
            return [_("The bucket %(bucket)s cannot be used: %(error)s") % {"bucket": self.bucket, "error": error}]
        if is_public:
            return [_("The bucket %(bucket)s is public: everybody can read its files.") % {"bucket": self.bucket}]
        return []

    def _is_shown_to_strangers(self, name: str) -> bool:
        unsigned = self._arguments["config"].merge(Config(signature_version=UNSIGNED))
        stranger = boto3.session.Session().client("s3", **self._arguments | {"config": unsigned})
        try:
            stranger.get_object(Bucket=self.bucket, Key=name)
        except ClientError:
            return False
        except BotoCoreError as error:
            raise FilesAway from error
        return True


class _Kept(io.RawIOBase):
    """An open file that stays open when the client closes what it was given."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
