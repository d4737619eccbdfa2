"""The page where a reviewer sets the frame of a portrait."""

import json
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.vary import vary_on_headers

from capture.forms import FrameForm
from capture.models import Photo
from capture.portraits import framing, remake
from capture.review import view_log
from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.models import Job
from vision.portrait import head_position, missing_area


@vary_on_headers("HX-Request", "Cookie")
@school_page(may="portraits.frame")
def frame(request: Any, pk: int) -> HttpResponse:
    photo = _photo(request, pk)
    query = request.GET.copy()
    query.pop("job", None)
    query["photo"] = str(pk)
    came_from = query.get("back", "")
    is_ours = came_from.startswith("/") and url_has_allowed_host_and_scheme(came_from, allowed_hosts=None)
    review = f"{reverse('capture:review')}?{query.urlencode()}"
    urls = {"back": came_from if is_ours else review, "is_elsewhere": is_ours, "picture": "capture:picture"}
    return _answer(request, photo, urls)


@vary_on_headers("HX-Request", "Cookie")
@center_page(may="portraits.frame")
def center_frame(request: Any, pk: int) -> HttpResponse:
    urls = {"back": reverse("capture:center_photo", args=[pk]), "picture": "capture:center_picture"}
    return _answer(request, _photo(request, pk), urls)


def _photo(request: Any, pk: int) -> Photo:
    """A photo with a portrait, or one in review whose portrait a worker could not make."""
    photos = Photo.objects.select_related("student", "school", "season")
    return get_object_or_404(photos.filter(~Q(portrait="") | Q(status=Photo.Status.SUBMITTED)), pk=pk)


def _answer(request: Any, photo: Photo, urls: dict[str, Any]) -> HttpResponse:
    """GET: the page. POST: start a job.

    GET by htmx: the new portrait when the job has ended, 204 before.
    """
    job = _start_job(request, photo) if request.method == "POST" else _job(request, photo)
    if request.method == "POST" and not request.htmx:
        return HttpResponseRedirect(_job_url(request, job))
    if request.method == "GET" and request.htmx and job and job.is_open:
        return HttpResponse(status=204)
    context = {"photo": photo, "student": photo.student, "job": job, **urls, **_figure(request, photo, job)}
    if request.htmx:
        return render(request, "capture/frame.html#made", context)
    view_log.record_view(photo, by=request.user)
    return render(request, "capture/frame.html", context | _workbench(photo))


def _start_job(request: Any, photo: Photo) -> Job:
    form = FrameForm(request.POST)
    is_automatic = "automatic" in request.POST
    if not is_automatic and not form.is_valid():
        raise PortalError(_("Give each of the four numbers, and only a number."))
    position = None if is_automatic else head_position.HeadPosition(**form.cleaned_data)
    return framing.start(photo=photo, position=position, version=request.POST.get("version", ""), by=request.user)


def _job(request: Any, photo: Photo) -> Job | None:
    """The job that the page waits for; None when the address names none."""
    number = request.GET.get("job", "")
    last = framing.last_job(photo) if number.isascii() and number.isdigit() else None
    return last if last and str(last.pk) == number else None


def _job_url(request: Any, job: Job | None) -> str:
    query = request.GET.copy()
    query["job"] = str(job.pk) if job else ""
    return f"{request.path}?{query.urlencode()}"


def _figure(request: Any, photo: Photo, job: Job | None) -> dict[str, Any]:
    """The present portrait: its version, its numbers, and the address to ask for the next one."""
    return {
        "version": photo.portrait_version,
        "by_hand": remake.is_by_hand(photo),
        "now": json.dumps(remake.numbers_of(photo, remake.crop_of(photo))) if photo.measures.get("faces") else "",
        "poll": _job_url(request, job),
    }


def _workbench(photo: Photo) -> dict[str, Any]:
    sentence = framing.why_not_adjustable(photo)
    if sentence:
        return {"refusal": sentence}
    crop = remake.crop_of(photo)
    size = remake.size_of(photo)
    return {
        "numbers": remake.numbers_of(photo, crop),
        "head": json.dumps(_head(photo)),
        "transform": _transform(crop.matrix(size)),
        "most_outside": remake.most_outside(photo.season),
    }


def _head(photo: Photo) -> dict[str, Any]:
    """What the browser needs to compute the numbers of a frame; places are in px of the
    original."""
    size, measures = remake.size_of(photo), photo.measures
    strips = missing_area.missing_rectangles(missing_area.cut_of(measures), size)
    return {
        "size": size.tolist(),
        **{name: _px(measures[name], size) for name in ("eyes", "cheeks", "hair_top")},
        "ranges": head_position.RANGES,
        "most_outside": remake.most_outside(photo.season),
        "beyond": [
            [weight, *strip.min(0).tolist(), *strip.max(0).tolist()]
            for weight, strip in zip(missing_area.WEIGHTS, strips, strict=True)
            if strip is not None
        ],
        "automatic": remake.numbers_of(photo, remake.automatic_crop(photo)),
    }


def _px(places_: Any, size: Any) -> Any:
    """A point, or a list of points, in px from parts of the photo's size (0 to 1)."""
    if isinstance(places_[0], list):
        return [_px(one, size) for one in places_]
    return [places_[0] * float(size[0]), places_[1] * float(size[1])]


def _transform(matrix: Any) -> str:
    """A 2 x 3 matrix as SVG text: SVG writes matrices column by column."""
    return "matrix({})".format(" ".join(f"{value:.6f}" for value in matrix.T.ravel()))
