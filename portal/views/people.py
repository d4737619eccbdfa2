"""Pages of the people. Both portals have them; a school sees only its own people."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal import permissions
from portal.access import center_page, school_page, staff_page
from portal.accounts import people, second_factor
from portal.forms import InvitationForm, LostFactorForm, PersonForm
from portal.models import Membership, Role
from portal.models.people import CENTER_ROLES, SCHOOL_ROLES
from portal.pages.form_fields import whole_number
from portal.pages.lists import List, cases, search
from portal.tenancy import Tenant, tenant_model


class People(List):
    filters = {
        "q": search("user__full_name__icontains", "user__username__icontains"),
        "who": cases({"schools": (gettext_lazy("Schools"), Q(school__isnull=False))}, label=gettext_lazy("People")),
    }
    page_size = 100


def _members(request: Any) -> QuerySet[Membership]:
    found = Membership.objects.select_related("user", "school__area")
    return found if request.membership.is_center else found.filter(school=request.school)


def _list_url(member: Membership, request: Any) -> str:
    """The page that lists the person: the list of people, or the school's page in the center's
    portal.
    """
    if not request.membership.is_center:
        return reverse("portal:school_people")
    if member.school is None:
        return reverse("portal:center_people")
    return member.school.get_absolute_url()


@center_page(may="people.see")
def center_people(request: Any) -> HttpResponse:
    """The center's own people, or everybody of the schools (?who=schools)."""
    of_schools = request.GET.get("who") == "schools"
    order = ("school__area__position", "school__code") if of_schools else ()
    rows = _members(request).filter(school__isnull=not of_schools)
    listed = People(rows.order_by(*order, "-user__is_active", "roles", "user__full_name"), request.GET)
    context = {"listed": listed, "people": listed.page, "page": listed.page, "of_schools": of_schools}
    context["invite_url"] = reverse("portal:person_new")
    return render(request, "portal/people.html", context)


@school_page(may="people.see")
def school_people(request: Any) -> HttpResponse:
    rows = _members(request).order_by("-user__is_active", "-is_contact", "roles", "user__full_name")
    return render(request, "portal/people.html", {"people": rows, "invite_url": reverse("portal:person_new")})


@never_cache
@staff_page(may="people.manage")
def person_new(request: Any) -> HttpResponse:
    """Make an account. In the center's portal ?school=ID makes one for a school."""
    school = request.school or _chosen_school(request)
    form = InvitationForm(request.POST or None, school=school, own=request.membership)
    if request.method == "POST" and form.is_valid():
        invitation = people.invite(by=request.user, school=school, **form.cleaned_data)
        return _show_invitation(request, invitation, is_new=True)
    return render(request, "portal/person_form.html", {"form": form, "school": school})


def _chosen_school(request: Any) -> Tenant | None:
    pk = whole_number(request.GET.get("school"))
    return None if pk is None else get_object_or_404(tenant_model(), pk=pk)


def _show_invitation(request: Any, invitation: people.Invitation, *, is_new: bool) -> HttpResponse:
    """The one page on which the link stands: it is stored nowhere, so this answers the POST itself."""
    back = _list_url(invitation.member, request)
    return render(request, "portal/invitation.html", {"invitation": invitation, "is_new": is_new, "back": back})


@staff_page(may="people.manage")
def person(request: Any, member: int) -> HttpResponse:
    row = get_object_or_404(_members(request), pk=member)
    initial = {"full_name": row.user.full_name, "email": row.user.email, "phone": row.user.phone}
    initial |= {"roles": row.roles, "colleges": row.colleges, "class_names": row.class_names}
    form = PersonForm(request.POST or None, initial=initial, school=row.school, own=request.membership, member=row)
    if request.method == "POST" and form.is_valid():
        people.change_person(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(_list_url(row, request))
    context = {"form": form, "member": row, "school": row.school, "back": _list_url(row, request)}
    context |= {"stands_below": row.rank < request.membership.rank, "can_mail": people.can_mail()}
    context |= {"has_factor": second_factor.has_factor(row.user)}
    return render(request, "portal/person_form.html", context)


@never_cache
@require_POST
@staff_page(may="people.manage")
def person_link(request: Any, member: int) -> HttpResponse:
    row = get_object_or_404(_members(request), pk=member)
    return _show_invitation(request, people.renew_link(row, by=request.user), is_new=False)


@staff_page(may="people.manage")
def person_second_factor(request: Any, member: int) -> HttpResponse:
    """Remove the second factor of a person who has lost it."""
    row = get_object_or_404(_members(request), pk=member)
    form = LostFactorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        people.remove_second_factor(row, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("Removed. %(name)s has been told.") % {"name": row.user.actor_name})
        return HttpResponseRedirect(_list_url(row, request))
    context = {"form": form, "member": row, "back": reverse("portal:person", args=[row.pk])}
    return render(request, "portal/lost_factor.html", context)


@require_POST
@staff_page(may="people.manage")
def person_sessions_end(request: Any, member: int) -> HttpResponse:
    row = get_object_or_404(_members(request), pk=member)
    people.end_sessions(row, by=request.user)
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": row.user.actor_name})
    return HttpResponseRedirect(reverse("portal:person", args=[row.pk]))


@require_POST
@staff_page(may="people.manage")
def person_switch(request: Any, member: int) -> HttpResponse:
    """Deactivate an account, or activate it again."""
    row = get_object_or_404(_members(request), pk=member)
    if row.user.is_active:
        people.switch_off(row, by=request.user)
        messages.success(request, _("%(name)s can no longer sign in.") % {"name": row.user.actor_name})
    else:
        people.switch_on(row, by=request.user)
        messages.success(request, _("%(name)s can sign in again.") % {"name": row.user.actor_name})
    return HttpResponseRedirect(_list_url(row, request))


@require_POST
@staff_page(may="people.manage")
def person_contact(request: Any, member: int) -> HttpResponse:
    row = people.make_contact(get_object_or_404(_members(request), pk=member), by=request.user)
    messages.success(request, _("%(name)s is now responsible for the capture.") % {"name": row.user.actor_name})
    return HttpResponseRedirect(_list_url(row, request))


@require_GET
@staff_page(may="permissions.see")
def permission_table(request: Any) -> HttpResponse:
    """Which role may do what: the roles of the school, or of the center (which may see both, ?who=schools)."""
    of_schools = not request.membership.is_center or request.GET.get("who") == "schools"
    roles = [role for role in Role if role in (SCHOOL_ROLES if of_schools else CENTER_ROLES)]
    subjects = [
        (label, [(action, [role in action.roles for role in roles]) for action in actions if action.roles & set(roles)])
        for label, actions in permissions.by_subject()
    ]
    context = {"roles": roles, "subjects": [entry for entry in subjects if entry[1]], "of_schools": of_schools}
    return render(request, "portal/permissions.html", context)
