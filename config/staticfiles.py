"""Static files with a hash of their content in the name, also the modules that our scripts import; and the files that are
made on this machine from an installed package.
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import utils
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from vision.networks import blazeface

FACE_NETWORK = "networks/blazeface.bin"


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    # Otherwise `import "./camera/kept.js"` would use the plain name, which browsers and proxies may cache long.
    support_js_module_import_aggregation = True
    # Of our own scripts only: comments of the packages' scripts speak of imports too.
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )


class MadeFiles(BaseFinder):
    """Finds the face network of the camera page. It is made in the data folder from the mediapipe package when it is first
    asked for: by a page on a local machine, by `collectstatic` in production.
    """

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path != FACE_NETWORK:
            return []  # never None: Django takes it for a file that was found
        found = _made_files().path(FACE_NETWORK)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        if not utils.matches_patterns(FACE_NETWORK, ignore_patterns):
            yield FACE_NETWORK, _made_files()


@cache
def _made_files() -> FileSystemStorage:
    """Written anew once in every process, so that an upgrade of the package or of its reader is never missed."""
    storage = FileSystemStorage(location=settings.DATA_DIR / "made")
    path = settings.DATA_DIR / "made" / FACE_NETWORK
    content = blazeface.page_file()
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(content)
        draft.replace(path)  # another process may be reading the old one
    return storage
