"""The texts of notifications, as the center writes them: preview, a test to oneself, back to the built-in text."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from portal import notification_kinds
from portal.access import center_page
from portal.accounts import telling
from portal.errors import PortalError
from portal.notifications import texts


class TextForm(forms.Form):
    subject = forms.CharField(label=gettext_lazy("Subject line"), max_length=200)
    body = forms.CharField(
        label=gettext_lazy("Text"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )


@require_GET
@center_page(may="texts.edit")
def text_list(request: Any) -> HttpResponse:
    written = texts.load()
    groups: dict[str, list[Any]] = {name: [] for name in notification_kinds.GROUPS}
    for name in notification_kinds.KINDS:
        own = [label for language, label in settings.LANGUAGES if (name, language) in written]
        groups[notification_kinds.group_of(name)].append((name, notification_kinds.title_of(name), own))
    rows = [(label, groups[group]) for group, label in notification_kinds.GROUPS.items() if groups[group]]
    return render(request, "portal/notification_texts.html", {"rows": rows, "languages": settings.LANGUAGES})


@require_http_methods(["GET", "POST"])
@center_page(may="texts.edit")
def text_edit(request: Any) -> HttpResponse:
    """One kind in one language, named by the query string. POST: `do` is save, show, test or remove."""
    kind = notification_kinds.KINDS.get(request.GET.get("kind", ""))
    language = request.GET.get("language", settings.LANGUAGE_CODE)
    if kind is None or language not in dict(settings.LANGUAGES):
        raise Http404
    built_in = texts.built_in(kind, language)
    subject, body = texts.load().get((kind.name, language), built_in)
    form = TextForm(request.POST or None, initial={"subject": subject, "body": body})
    if request.method == "POST":
        if request.POST.get("do") == "remove":
            texts.remove(kind, language, by=request.user)
            messages.success(request, _("The built-in text is used again."))
            return HttpResponseRedirect(reverse("portal:notification_texts"))
        if form.is_valid() and _done(request, kind, language, form):
            return HttpResponseRedirect(reverse("portal:notification_texts"))
        subject, body = form.data.get("subject", ""), form.data.get("body", "")
    context = {
        "kind": kind,
        "title": notification_kinds.title_of(kind.name),
        "language": dict(settings.LANGUAGES)[language],
        "form": form,
        "built_in": built_in,
        "is_own": (kind.name, language) in texts.load(),
        "placeholders": [f"%({name})s" for name in sorted(kind.parameters)],
        "preview": _preview(kind, subject, body),
    }
    return render(request, "portal/notification_text.html", context)


def _done(request: Any, kind: notification_kinds.NotificationKind, language: str, form: TextForm) -> bool:
    """Do what was asked with the text; whether the page is left. A fault stands at the form."""
    subject, body = form.cleaned_data["subject"], form.cleaned_data["body"]
    try:
        texts.check(kind, subject, body)
        if request.POST.get("do") == "save":
            texts.save(kind, language, subject=subject, body=body, by=request.user)
            messages.success(request, _("The text is used from now on."))
            return True
        if request.POST.get("do") == "test":
            if not telling.mail_letter(request.user, texts.sample(kind, subject, body)):
                raise PortalError(_("Your account has no e-mail address. Enter one, then test again."))
            messages.success(request, _("Sent to %(email)s.") % {"email": request.user.email})
    except PortalError as error:
        form.add_error(None, str(error))
    return False


def _preview(kind: notification_kinds.NotificationKind, subject: str, body: str) -> notification_kinds.Letter | None:
    try:
        texts.check(kind, subject, body)
    except PortalError:
        return None
    return texts.sample(kind, subject, body)
