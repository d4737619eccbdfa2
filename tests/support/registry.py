"""A registry that opens hand-over packages with GnuPG, as the real one would, with a key of its own."""

import hashlib
import subprocess
import zipfile
from pathlib import Path


class Registry:
    """`home` is the folder of its keys. The key is made by GnuPG, without a passphrase."""

    def __init__(self, home: Path, *, algorithm: str = "future-default", expires: str = "never") -> None:
        home.mkdir(mode=0o700)
        self.home = home
        self._gpg("--passphrase", "", "--quick-generate-key", "registry@example.org", algorithm, "default", expires)

    def _gpg(self, *command: str) -> bytes:
        quiet = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
        return subprocess.run([*quiet, *command], check=True, capture_output=True).stdout

    @property
    def certificate(self) -> str:
        return self._gpg("--armor", "--export").decode()

    @property
    def private_key(self) -> str:
        return self._gpg("--armor", "--passphrase", "", "--export-secret-keys").decode()

    @property
    def fingerprint(self) -> str:
        lines = self._gpg("--with-colons", "--fingerprint").decode().splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr"))

    def open(self, path: Path) -> Path:
        """Decrypt a package beside it, compare every hash in it, and return the folder of its files."""
        plain, folder = path.with_suffix(""), path.with_suffix(".open")
        self._gpg("--output", str(plain), "--decrypt", str(path))
        with zipfile.ZipFile(plain) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
            names = archive.namelist()
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
        listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
        assert listed == set(names) - {"SHA256SUMS"}
        return folder

    def hash_of_content(self, path: Path) -> str:
        return hashlib.sha256(path.with_suffix("").read_bytes()).hexdigest()

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False, capture_output=True)
