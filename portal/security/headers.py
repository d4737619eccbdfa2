"""The headers of every answer of the portal that keep it in the one browser page it was made for."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

# What pages may use of the device: nothing; the camera page takes WITH_CAMERA. It turns by the phone's sensors.
_CLOSED = ("geolocation", "microphone", "payment", "usb", "serial", "hid", "midi", "display-capture", "browsing-topics")
WITHOUT_CAMERA = ", ".join(f"{feature}=()" for feature in ("camera", *_CLOSED))
WITH_CAMERA = ", ".join(["camera=(self)", *(f"{feature}=()" for feature in _CLOSED)])


class AnswerHeaders:
    """Sets what the view has not set: no feature of the device, nothing kept by browsers and proxies. The answer that ends
    a session makes the browser drop what it keeps of this site.
    """

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        had_session = request.session.session_key is not None
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", WITHOUT_CAMERA)
        response.headers.setdefault("Cache-Control", "private, no-store")
        if had_session and request.session.is_empty():
            response["Clear-Site-Data"] = '"cache"'
        return response
