"""The signatures of Tencent Cloud and Alibaba Cloud, checked by the formulas of their documents, with code of our own.

Tencent, TC3-HMAC-SHA256: https://cloud.tencent.com/document/api/382/52072
Alibaba, ACS3-HMAC-SHA256: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
"""

import hashlib
import hmac
import re
import time
from urllib.parse import parse_qsl, quote, urlsplit

from tests.support.message_peers.peer import Request

KEY_ID, KEY_SECRET = "AKIDexample", "a-secret-of-the-test"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed_headers(request: Request, names: str) -> str:
    return "".join(f"{name}:{(request.headers[name] or '').strip()}\n" for name in names.split(";"))


def is_tencents(request: Request, service: str) -> bool:
    found = re.fullmatch(
        rf"TC3-HMAC-SHA256 Credential=(\S+?)/(\d{{4}}-\d\d-\d\d)/{service}/tc3_request, SignedHeaders=(\S+), Signature=(\w+)",
        request.headers["Authorization"] or "",
    )
    if not found or found[1] != KEY_ID or abs(int(request.headers["X-TC-Timestamp"]) - time.time()) > 300:
        return False
    _key, day, names, signature = found.groups()
    headers = signed_headers(request, names).lower()
    canonical = "\n".join([request.method, "/", "", headers, names, sha256(request.body)])
    scope = f"{day}/{service}/tc3_request"
    wanted = "\n".join(["TC3-HMAC-SHA256", request.headers["X-TC-Timestamp"], scope, sha256(canonical.encode())])
    key = mac(mac(mac(f"TC3{KEY_SECRET}".encode(), day), service), "tc3_request")
    return hmac.compare_digest(mac(key, wanted).hex(), signature)


def is_alibabas(request: Request) -> bool:
    found = re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=(\S+?),\s*SignedHeaders=(\S+?),\s*Signature=(\w+)",
        request.headers["Authorization"] or "",
    )
    if not found or found[1] != KEY_ID or request.headers["x-acs-content-sha256"] != sha256(request.body):
        return False
    _key, names, signature = found.groups()
    address = urlsplit(request.path)
    query = sorted(parse_qsl(address.query, keep_blank_values=True))
    encoded = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)
    canonical = "\n".join([request.method, "/", encoded, signed_headers(request, names), names, sha256(request.body)])
    wanted = f"ACS3-HMAC-SHA256\n{sha256(canonical.encode())}"
    return hmac.compare_digest(mac(KEY_SECRET.encode(), wanted).hex(), signature)
