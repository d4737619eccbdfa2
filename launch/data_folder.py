"""The folder in which the embedded PostgreSQL and Redis keep their data, and the account that runs
them.
"""

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
INSTALLED = Path("/etc/tucai.env")  # written by deploy/install.sh, for the code in /opt/tucai


class ServiceError(SystemExit):
    """The embedded services cannot run. The message says what to do.

    A SystemExit, because it is raised while the settings load: whichever program loads them
    (manage.py, celery, config.web) ends with the message and exit code 1, without a trace.
    """


@dataclass(frozen=True)
class Account:
    """The system account that the servers run under when root starts them."""

    uid: int
    gid: int


@dataclass(frozen=True)
class DataFolder:
    """The data folder, ready to be used. `account` runs the servers in it; None when that is our
    own account.
    """

    path: Path
    account: Account | None

    def make_private(self, name: str) -> Path:
        """Make a subfolder that only the servers' account (and root) may enter."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        self.give_to_account(path)
        return path

    def give_to_account(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def run(self, *command: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a short command as the servers' account and return its output as text."""
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
        """Popen arguments that start a child as the servers' account, detached from our terminal."""
        options: dict = {"cwd": self.path, "start_new_session": True}
        if self.account:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return options

    def program_folder(self, package: str, inside: str) -> Path:
        """A folder of programs inside an installed package; for root a copy that the account owns.

        A checkout below /root (mode 700) is closed to every other account. We do not open a home
        folder, so the programs (45 MB) are copied beside the data.
        """
        return self.copy_programs(package, inside) if self.account else package_parent(package) / package / inside

    def copy_programs(self, package: str, inside: str) -> Path:
        """Copy the programs and the libraries beside their package, with the same relative paths."""
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
    """The folder that contains an installed package."""
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
    """Make the data folder if it is missing, and check that the servers can use it.

    Raises ServiceError when the folder cannot be made or the servers' account cannot enter it, and on an installed machine, where a
    command without its environment would speak of an empty database of its own.
    """
    if INSTALLED.exists() and Path("/opt/tucai") == CHECKOUT:
        raise ServiceError(
            "本机已安装图采,管理命令请用 deploy/manage.sh 运行,如 deploy/manage.sh check_history。 "
            "Tucai is installed on this machine: run its commands by deploy/manage.sh, such as deploy/manage.sh check_history."
        )
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
    """Raises ServiceError when the disk is nearly full: both servers would stop in the middle of
    their work.
    """
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise ServiceError(
            f"磁盘空间不足:{folder} 仅剩 {free >> 20} MB,至少需要 {MIN_FREE_BYTES >> 20} MB,请清理后重试。 "
            f"The disk is full: {folder} has {free >> 20} MB left and needs {MIN_FREE_BYTES >> 20} MB. "
            "Free some space and start again."
        )


def _make_enterable(account: Account, folder: Path) -> None:
    """Let the account enter our own folders (umask may be 077), and check all folders above."""
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
    """TUCAI_DATA if set; else var/ in the checkout; for root a folder of its own for each checkout.

    PostgreSQL refuses to run as root, and the account that runs it can often not enter the
    checkout. So the data of root are under /var/lib/tucai, in a folder named after the checkout: a
    hash of its path and of a random key made inside it. So a copy or a fresh clone starts with its
    own data, even at the same path.
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
    """The system account tucai. It is made when root needs it for the first time."""
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
