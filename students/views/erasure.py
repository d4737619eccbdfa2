"""The center's page that erases one student."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.access import center_page
from portal.models import Look
from portal.privacy import looks
from students.models import Student
from students.privacy import erasure


class ErasureForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("It stands in the history for good: no names and no numbers."),
    )


@require_http_methods(["GET", "POST"])
@center_page(may="students.erase")
def erase(request: Any, pk: int) -> HttpResponse:
    student = get_object_or_404(Student.objects.select_related("school", "season"), pk=pk)
    looks.record(request, Look.Kind.RECORD, [student.pk])
    form = ErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        whole = erasure.erase(student=student, reason=form.cleaned_data["reason"], by=request.user)
        messages.success(
            request,
            _("Erased.") if whole else _("Erased, but for what the registry needs: name, numbers and the portrait."),
        )
        return HttpResponseRedirect(reverse("students:center_student", args=[student.pk]))
    context = {"student": student, "form": form, "is_kept": erasure.is_kept_for_registry(student)}
    return render(request, "students/erase.html", context, status=422 if form.errors else 200)
