import re
import shutil
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from config.staticfiles import FACE_NETWORK, HashedStaticFiles

SOURCE = Path(settings.BASE_DIR) / "static"


def test_imported_modules_are_asked_for_by_their_hashed_names(tmp_path):
    shutil.copytree(SOURCE / "js", tmp_path / "js")
    storage = HashedStaticFiles(location=tmp_path, base_url="/static/")
    source = FileSystemStorage(location=SOURCE)
    names = [str(path.relative_to(SOURCE)) for path in sorted((SOURCE / "js").rglob("*.js"))]
    list(storage.post_process({name: (source, name) for name in names}))
    app = (tmp_path / storage.stored_name("js/student.js")).read_text(encoding="utf-8")
    imported = re.findall(r'"\./([^"]+)"', app)
    assert len(imported) == 1
    for name in imported:
        assert re.fullmatch(r"camera/[a-z]+\.[0-9a-f]{12}\.js", name)
        assert (tmp_path / "js" / name).is_file()


def test_a_file_that_nobody_has_is_not_found():
    assert finders.find("css/nothere.css") is None
    assert finders.find("css/nothere.css", find_all=True) == []
    assert finders.find(FACE_NETWORK)
