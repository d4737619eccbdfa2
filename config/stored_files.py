"""Where private files are stored: a folder, or a bucket of an S3 service when S3_BUCKET names one."""

from typing import Any

from config.service_addresses import AUTHORITIES
from launch import environment
from launch.environment import Misconfigured

NEEDED = ("S3_ENDPOINT", "S3_KEY_ID", "S3_SECRET_KEY")


def storage(*, is_local: bool) -> dict[str, Any]:
    """The entry of STORAGES. `is_local`: elsewhere the service has to be asked over https."""
    bucket = environment.text("S3_BUCKET")
    found = {
        "endpoint": environment.text("S3_ENDPOINT") and environment.web_address("S3_ENDPOINT", ""),
        "key_id": environment.text("S3_KEY_ID"),
        "secret_key": environment.secret("S3_SECRET_KEY"),
        "region": environment.text("S3_REGION", "us-east-1"),
        "addressing": environment.choice("S3_ADDRESSING", ["path", "virtual"], "path"),
        # As nginx does; the client would ask a list of its own, in which no authority of the house stands.
        "authorities": str(AUTHORITIES) if AUTHORITIES.exists() else "",
    }
    given = dict(zip(NEEDED, (found["endpoint"], found["key_id"], found["secret_key"]), strict=True))
    if not bucket and any(given.values()):
        raise Misconfigured(
            "设置了 S3_… 但没有 S3_BUCKET:请写明存储桶的名称。",
            "Variables S3_… are set without S3_BUCKET: name the bucket.",
        )
    if not bucket:
        return {"BACKEND": "portal.storages.folder.WholeFiles"}
    if missing := [name for name, value in given.items() if not value]:
        raise Misconfigured(
            f"设置了 S3_BUCKET,还须设置 {'、'.join(missing)}。", f"S3_BUCKET is set: {', '.join(missing)} must be too."
        )
    if not is_local and not found["endpoint"].startswith("https://"):
        raise Misconfigured(
            "S3_ENDPOINT 须以 https:// 开头:照片不得明文经过网络。",
            "S3_ENDPOINT must begin with https://: photos do not cross a network in clear.",
        )
    return {"BACKEND": "portal.storages.bucket.Bucket", "OPTIONS": {"bucket": bucket, **found}}
