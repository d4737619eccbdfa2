"""What the bills of all providers have in common: when they are made, amounts, packed files."""

import datetime as dt
import gzip
import io
import zipfile
import zlib
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from billing.online.providers.base import ProviderError

ZONE = ZoneInfo("Asia/Shanghai")
MADE_AT = dt.time(10)  # of the next day; WeChat says 10, Alipay 9
LARGEST_TEXT = 256 * 1024 * 1024  # bytes, unpacked


def require_made(day: dt.date) -> None:
    """Raises ProviderError before the providers make the bill of this day: no bill then does not mean no trade."""
    made_at = dt.datetime.combine(day + dt.timedelta(days=1), MADE_AT, ZONE)
    if dt.datetime.now(ZONE) < made_at:
        raise ProviderError(f"The bill of {day} is made on {made_at:%Y-%m-%d %H:%M} only.")


def fen(yuan: str) -> int:
    """Of an amount in yuan as bills write it; fees have more decimals than fen."""
    return int((Decimal(yuan.strip()) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def moment(written: str) -> dt.datetime:
    return dt.datetime.strptime(written.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)


def ungzipped(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            text = packed.read(LARGEST_TEXT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ProviderError("The bill cannot be unpacked.") from error
    if len(text) > LARGEST_TEXT:
        raise ProviderError("The bill is too large.")
    return text


def unzipped(content: bytes) -> dict[str, bytes]:
    """{name: content} of the files of a zip whose names are in GBK."""
    try:
        with zipfile.ZipFile(io.BytesIO(content), metadata_encoding="gbk") as packed:
            if sum(entry.file_size for entry in packed.infolist()) > LARGEST_TEXT:
                raise ProviderError("The bill is too large.")
            return {entry.filename: packed.read(entry) for entry in packed.infolist()}
    except (zipfile.BadZipFile, zlib.error, UnicodeDecodeError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ProviderError("The bill cannot be unpacked.") from error
