"""Private files in a folder: what an operator is told of it."""

import pytest

from portal.storages import folder
from portal.storages.folder import WholeFiles


@pytest.fixture
def storage(tmp_path):
    return WholeFiles(location=tmp_path / "shared" / "files")


def test_a_folder_that_is_not_made_yet_is_no_problem(storage):
    assert storage.problem() == ""


def test_a_place_in_which_no_folder_can_be_made_is_told(storage, tmp_path):
    (tmp_path / "shared").touch(mode=0o600)
    assert storage.problem() == f"无法写入 {storage.location}"


def test_a_server_that_holds_whoever_asks_is_told(storage, monkeypatch):
    monkeypatch.setattr(folder, "LOOK", "exec sleep 60")
    monkeypatch.setattr(folder, "LOOK_SECONDS", 0.1)
    assert storage.problem() == f"{storage.location} 没有响应"
