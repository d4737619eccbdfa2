"""The rights of the camera page's worker, which come with its own response: it compiles the face network; the page may not."""

from wsgiref.headers import Headers

WORKER = "js/camera/face_worker."  # also with a hash in the name
POLICY = "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'"


def add_policy(headers: Headers, path: str, url: str) -> None:
    """whitenoise calls this for every static file."""
    if WORKER in url:
        headers["Content-Security-Policy"] = POLICY
