"""The content policy of static files. A worker has its own: that of the camera page compiles the face network, which its page may
not; that of the film imports a module.
"""

from wsgiref.headers import Headers

FACE_WORKER_POLICY = "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
WORKERS = {  # by the beginning of the name, which may have a hash at its end
    "js/camera/face_worker.": FACE_WORKER_POLICY,
    "js/camera/film_worker.": "default-src 'none'; script-src 'self'",
}
# A picture or a script that is opened by itself: it shows, loads nothing, runs nothing and stands in no frame.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox"


def add_policy(headers: Headers, path: str, url: str) -> None:
    """whitenoise calls this for every static file."""
    headers["Content-Security-Policy"] = next((policy for name, policy in WORKERS.items() if name in url), POLICY)
