"""Where the embedded PostgreSQL and Redis keep their data, and the account that they run under."""

import functools
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from launch import environment

CHECKOUT = Path(__file__).resolve().parent.parent
ROOT_HOME = Path("/var/lib/tucai")
ACCOUNT_NAME = "tucai"
MIN_FREE_BYTES = 400 * 1024 * 1024


class ServiceError(SystemExit):
    """The embedded services cannot run. Its sentence says what to do.

    A SystemExit, because it is raised while the settings load: whichever program loads them
    (manage.py, celery, granian) ends with the sentence and exit code 1, without a trace.
    """


@dataclass(frozen=True)
class Account:
    """The system account that the servers run under when root starts them."""

    uid: int
    gid: int


@dataclass(frozen=True)
class DataFolder:
    """A data folder, ready to be used, and the account of the servers in it (None: our own)."""

    path: Path
    account: Account | None

    def make_private(self, name: str) -> Path:
        """A folder inside the data folder that only the servers' account (and root) may enter."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        self.give_to_account(path)
        return path

    def give_to_account(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def run(self, *command: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a short command under the servers' account; its output comes back as text."""
        return subprocess.run(
            [str(part) for part in command],
            **self.child_options(),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def child_options(self) -> dict:
        """Popen arguments that give a child the servers' account and nothing of our terminal."""
        options: dict = {"cwd": self.path, "start_new_session": True}
        if self.account:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return options

    def program_folder(self, package: str, inside: str) -> Path:
        """A folder of programs inside an installed package; for root a copy that belongs to the account.

        A checkout below /root (mode 700) is closed to every other account. Opening somebody's
        home folder is not ours to do, so the programs (45 MB) are copied beside the data instead.
        """
        return self.copy_programs(package, inside) if self.account else package_parent(package) / package / inside

    def copy_programs(self, package: str, inside: str) -> Path:
        """The programs with the libraries that lie beside their package, in the same places."""
        copy = self.path / "programs" / f"{package}-{version(package.replace('_', '-'))}"
        if not (copy / package / inside).exists():
            draft = copy.with_name(f"{copy.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            for name in (f"{package}/{inside}", f"{package}.libs"):
                if (package_parent(package) / name).exists():
                    shutil.copytree(package_parent(package) / name, draft / name, symlinks=True)
            for path in (copy.parent, draft, *draft.rglob("*")):
                self.give_to_account(path)
            shutil.rmtree(copy, ignore_errors=True)
            draft.rename(copy)
        return copy / package / inside


def package_parent(package: str) -> Path:
    """The folder that an installed package lies in."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"缺少软件包 {package},请运行 make run。 Package {package} is missing: run `make run`.")
    return Path(spec.submodule_search_locations[0]).parent


def is_reachable(path: Path, account: Account) -> bool:
    """Whether the account can enter the folder and every folder above it."""
    return all(_may_enter(folder, account) for folder in (path, *path.parents))


def _may_enter(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def prepare_data_folder() -> DataFolder:
    """Make the data folder (if need be) and check that the servers can live in it.

    Raises ServiceError when the folder cannot be made, is closed to the servers, or the disk is full.
    """
    folder = locate_data_folder()
    account = _account() if os.geteuid() == 0 else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"无法建立数据目录 {folder}({error.strerror});可用环境变量 TUCAI_DATA 指定其他目录。 "
            f"Cannot make the data folder {folder} ({error.strerror}); name another one in TUCAI_DATA."
        ) from error
    if account:
        _make_enterable(account, folder)
    return DataFolder(path=folder, account=account)


def check_free_space(folder: Path) -> None:
    """Refuse to start servers on a disk that is about to be full: both would stop halfway."""
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise ServiceError(
            f"磁盘空间不足:{folder} 仅剩 {free >> 20} MB,至少需要 {MIN_FREE_BYTES >> 20} MB,请清理后重试。 "
            f"The disk is full: {folder} has {free >> 20} MB left and needs {MIN_FREE_BYTES >> 20} MB. "
            "Free some space and start again."
        )


def _make_enterable(account: Account, folder: Path) -> None:
    """Let the account pass through our own folders (umask may be 077), and check all above them."""
    for path in {folder, ROOT_HOME} & {folder, *folder.parents}:
        path.chmod(path.stat().st_mode | 0o011)
    if not is_reachable(folder, account):
        raise ServiceError(
            f"系统账户 {ACCOUNT_NAME} 无法进入 {folder}(上级目录权限为 700),请用 TUCAI_DATA 指定其他目录。 "
            f"The account {ACCOUNT_NAME} cannot enter {folder} (a folder above it is closed, mode 700); "
            "name another folder in TUCAI_DATA."
        )


@functools.cache
def locate_data_folder() -> Path:
    """TUCAI_DATA; else var/ in the checkout; for root a folder of this checkout's own.

    PostgreSQL refuses to run as root, and an account made for it can often not enter the checkout.
    So root's data live under /var/lib/tucai, whose parents are open, in a folder named after this
    checkout: a hash of its path and of a random key made inside it. A copy or a fresh clone, even
    at the same path, therefore starts with data of its own.
    """
    if named := environment.text("TUCAI_DATA"):
        return Path(named).expanduser().resolve()
    if os.geteuid() != 0:
        return CHECKOUT / "var"
    identity = f"{CHECKOUT}\n{_checkout_key()}"
    return ROOT_HOME / f"{CHECKOUT.name}-{hashlib.sha256(identity.encode()).hexdigest()[:10]}"


def _checkout_key() -> str:
    path = CHECKOUT / "var" / "checkout-key"
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f"checkout-key.{os.getpid()}")
    draft.write_text(secrets.token_hex(8))
    try:
        os.link(draft, path)  # fails when another process was first: its key counts
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()


def _account() -> Account:
    """The system account tucai, made when root needs it for the first time."""
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        entry = _make_account()
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _make_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", str(ROOT_HOME), "--shell", "/usr/sbin/nologin", ACCOUNT_NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        # Two first starts at once: the slower one finds the account made.
        try:
            return pwd.getpwnam(ACCOUNT_NAME)
        except KeyError:
            raise ServiceError(
                "PostgreSQL 不能以 root 运行,且无法创建系统账户 tucai;请换普通用户运行。 "
                "PostgreSQL refuses to run as root and the account tucai could not be made "
                f"({error}); start as an ordinary user."
            ) from error
    return pwd.getpwnam(ACCOUNT_NAME)
