"""What a student is told by which channel, and linking the student's WeChat."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from capture.sign_in import wechat_binding
from capture.sign_in.providers.base import Strength
from portal.notifications import choices, linking
from portal.notifications.channels import wechat
from students.identity.student_access import student_page


@require_http_methods(["GET", "POST"])
@student_page
def choose(request: Any) -> HttpResponse:
    if request.method == "POST":
        choices.save(request.student, school=request.school, values=request.POST.getlist("want"))
        messages.success(request, _("Your choice is kept."))
        return HttpResponseRedirect(reverse("capture:notifications"))
    context = {
        "choices": choices.of(request.student),
        "bindings": wechat_binding.of(request.student),
        "is_enough": Strength.is_enough(request.student_session.strength, least=wechat_binding.LEAST),
        **linking.offer(request),
    }
    return render(request, "capture/notifications.html", context)


@require_GET
@student_page
def wechat_link(request: Any) -> HttpResponse:
    return linking.begin(request, reverse("capture:wechat_linked"))


@require_GET
@student_page
def wechat_linked(request: Any) -> HttpResponse:
    row = request.student_session
    openid = linking.openid_of(linking.code_of(request))
    signs_in = wechat_binding.link(
        request.student,
        channel=wechat.CHANNEL.name,
        openid=openid,
        strength=row.strength,
        way=row.recognised_by,
    )
    if signs_in:
        messages.success(request, _("Your WeChat is linked. From now on one tap signs you in."))
    else:
        messages.success(request, _("Your WeChat is linked."))
    return HttpResponseRedirect(reverse("capture:notifications"))
