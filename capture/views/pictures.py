"""Pictures of photos. They are private files: each view checks who asks.

Events of views: see docs/decisions.

Pictures belong to a page, whose look is recorded with all students on it (portal.privacy.looks): its
pictures leave no line of their own, a picture that is asked for without its page does. Opening one
photo on the review page leaves one event a person and day; downloading an original leaves an event
each time.
"""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from capture.judging import likeness
from capture.live import films
from capture.models import Likeness, Photo
from portal import files
from portal.access import center_page, school_page
from portal.models import Look
from portal.privacy import looks
from students.identity.student_access import student_page
from students.models import Student

KINDS = ("preview", "portrait", "thumbnail")
# A browser may cache a picture for ten minutes; proxies may not. A portrait may be made again under
# the same address: the browser asks each time (mostly answered by 304), unless the address contains
# the portrait's version.
CACHED = "private, max-age=600"
REVALIDATED = "private, no-cache"


@student_page
def mine(request: Any, pk: int, kind: str) -> HttpResponse:
    return _send(request, get_object_or_404(Photo, pk=pk, student=request.student), kind)


def portrait_of(request: Any, student: Student, pk: int) -> HttpResponse:
    """The portrait of one of the student's photos, for the API, which has opened the school's
    scope."""
    return _send(request, get_object_or_404(Photo, pk=pk, student=student), "portrait")


@school_page(may="photos.see")
def of_school(request: Any, pk: int, kind: str) -> HttpResponse:
    return _send_to_staff(request, pk, kind)


@center_page(may="photos.see")
def of_center(request: Any, pk: int, kind: str) -> HttpResponse:
    return _send_to_staff(request, pk, kind)


def _send_to_staff(request: Any, pk: int, kind: str) -> HttpResponse:
    photo = get_object_or_404(Photo, pk=pk)
    looks.record(request, Look.Kind.PORTRAIT, [photo.student_id])
    return _send(request, photo, kind)


@school_page(may="photos.download")
def original(request: Any, pk: int) -> HttpResponse:
    return _download(request, get_object_or_404(Photo.objects.select_related("student"), pk=pk))


@school_page(may="likenesses.compare")
def likeness_picture(request: Any, pk: int) -> HttpResponse:
    """The other picture of an open likeness; the likeness belongs to a photo of the viewer's
    school.

    No other picture of another school can be seen. Each view is an event in the history of the
    other photo.
    """
    row = get_object_or_404(Likeness, pk=pk, cleared_at=None)
    file = likeness.open_other_picture(row, by=request.user)
    return files.send(file, filename=f"likeness-{row.pk}.jpg", content_type="image/jpeg", download=False)


@school_page(may="photos.see")
def film_frame(request: Any, pk: int, frame: int) -> HttpResponse:
    """A frame of the second before the shutter. The first is an event in the history of the photo."""
    photo = get_object_or_404(Photo, pk=pk)
    looks.record(request, Look.Kind.PORTRAIT, [photo.student_id])
    response = HttpResponse(films.frame_for(photo, frame, by=request.user), content_type="image/jpeg")
    response["Cache-Control"] = CACHED
    response["X-Content-Type-Options"] = "nosniff"
    return response


@center_page(may="photos.download")
def center_original(request: Any, pk: int) -> HttpResponse:
    return _download(request, get_object_or_404(Photo.objects.select_related("student"), pk=pk))


def _send(request: Any, photo: Photo, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    is_lasting = kind == "preview" or request.GET.get("v") == photo.portrait_version
    etag = f'"{kind}-{photo.portrait_version}"'
    if not is_lasting and request.headers.get("If-None-Match") == etag:
        return _with_cache(HttpResponse(status=304), REVALIDATED, etag)
    response = files.send(
        getattr(photo, kind), filename=f"{kind}-{photo.pk}.jpg", content_type="image/jpeg", download=False
    )
    return _with_cache(response, CACHED) if is_lasting else _with_cache(response, REVALIDATED, etag)


def _with_cache(response: HttpResponse, cache_control: str, etag: str = "") -> HttpResponse:
    response["Cache-Control"] = cache_control
    if etag:
        response["ETag"] = etag
    return response


def _download(request: Any, photo: Photo) -> HttpResponse:
    return files.download(
        photo.original,
        of=photo,
        by=request.user,
        filename=f"{photo.student.student_no}-{photo.pk}.jpg",
        content_type="image/jpeg",
        kind="photo.downloaded",
    )
