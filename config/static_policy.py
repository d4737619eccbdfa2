"""The content policy of static files. The camera page's worker compiles the face network, which its page may not."""

from wsgiref.headers import Headers

WORKER = "js/camera/face_worker."  # also with a hash in the name
WORKER_POLICY = "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
# A picture or a script that is opened by itself: it shows, loads nothing, runs nothing and stands in no frame.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox"


def add_policy(headers: Headers, path: str, url: str) -> None:
    """whitenoise calls this for every static file."""
    headers["Content-Security-Policy"] = WORKER_POLICY if WORKER in url else POLICY
