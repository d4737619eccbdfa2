"""Reads the file of the decoder of capture codes; docs/operators.md explains it.

address = "https://decoder.example.org/v1"
key = "tucai"                              # our name at the decoder
secret_file = "decoder_secret"             # beside the file, or a whole path
"""

from config import credentials_file
from launch.environment import Misconfigured

SETTING = "CAPTURE_CODE_DECODER"
NEEDED = {"address", "key", "secret"}
SIMULATOR = "simulator"


def read(path: str, *, is_local: bool) -> dict[str, str]:
    """{"provider", "address", "key", "secret"}. `is_local`: a first try on one machine, which may have the simulator."""
    if path == SIMULATOR:
        if not is_local:
            raise Misconfigured(
                f"{SETTING}={SIMULATOR} 只能用于本机试用:任何人都能得到演示采集码。",
                f"{SETTING}={SIMULATOR} is for a try on one machine: anybody gets its codes.",
            )
        return {"provider": SIMULATOR}
    given = credentials_file.load(SETTING, path)
    found = {
        field.removesuffix("_file"): credentials_file.value(SETTING, path, field, str(value))
        for field, value in given.items()
    }
    if set(found) != NEEDED or not all(found.values()):
        words = ", ".join(sorted(NEEDED ^ set(found) or NEEDED))
        raise credentials_file.wrong(
            SETTING,
            path,
            f"应恰好给出 address, key, secret(请核对 {words})",
            f"needs address, key and secret (look at {words})",
        )
    if not found["address"].startswith("https://") and not is_local:
        raise credentials_file.wrong(SETTING, path, "中的 address 应以 https:// 开头", "needs an address of https://")
    return {"provider": "http"} | found
