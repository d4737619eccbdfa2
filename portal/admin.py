"""The Django admin, for the operator: nearly everything is read-only.

Admins show rows of all schools, so each opens the center's scope. History and messages are never
edited.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import history, notification_kinds
from portal.accounts import people
from portal.changes.field_changes import fact_value
from portal.models import Checkpoint, Delivery, Event, Job, Look, Membership, Notification, Role, User
from portal.notifications import deliveries
from portal.privacy import looks
from portal.student_limits import Limit
from portal.tenancy import center_scope


def _in_center_scope(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of the admin in the center's scope, for the operator. A TemplateResponse is rendered
    before the scope closes.
    """

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not admin.site.has_permission(request):
            return view(request, *args, **kwargs)  # to the sign-in
        with center_scope():
            response: Any = view(request, *args, **kwargs)
            if hasattr(response, "render") and not response.is_rendered:
                response.render()
            return response

    return wrapped


class CenterAdmin(admin.ModelAdmin):
    """Opens the center's scope around each view."""

    @property
    def urls(self) -> list[Any]:
        found = self.get_urls()
        for url in found:
            if isinstance(url, URLPattern):
                url.callback = _in_center_scope(url.callback)
        return found


class ReadOnlyAdmin(CenterAdmin):
    """Rows to look at. Whose students they show is recorded as a look, like in the portals."""

    def students_of(self, rows: Iterable[Any]) -> list[int]:
        return [row.student_id for row in rows if getattr(row, "student_id", None)]

    def changelist_view(self, request: Any, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            looks.record(request, Look.Kind.LIST, self.students_of(shown["cl"].result_list))
        return response

    def changeform_view(self, request: Any, object_id: Any = None, *args: Any, **kwargs: Any) -> Any:
        response = super().changeform_view(request, object_id, *args, **kwargs)
        shown = getattr(response, "context_data", None) or {}
        if shown.get("original"):
            looks.record(request, Look.Kind.RECORD, self.students_of([shown["original"]]))
        return response

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TenantAdmin(ReadOnlyAdmin):
    """For tenant models: reads by the base manager, because Django's own checks run before a scope
    is open.
    """

    related: tuple[str, ...] = ("school", "season")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.model._base_manager.select_related(*self.related)


class RecordedAdmin(CenterAdmin):
    """Records in the history what the operator adds or changes.

    Rows cannot be deleted here, only in the portals.

    `added`: what happened, in the event kind of a new row (`school.added`).
    """

    added = "added"

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        label = self.model._meta.model_name
        if not change:
            super().save_model(request, obj, form, change)
            history.record(f"{label}.{self.added}", obj, by=request.user, after=getattr(obj, "status", ""))
            return
        before = self.model._base_manager.get(pk=obj.pk)
        super().save_model(request, obj, form, change)
        facts = {
            name: [fact_value(getattr(before, name)), fact_value(getattr(obj, name))]
            for name in form.changed_data
            if getattr(before, name) != getattr(obj, name)
        }
        if facts:
            history.record(f"{label}.changed", obj, by=request.user, facts=facts)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipForm(forms.ModelForm):
    roles = forms.MultipleChoiceField(label=_("roles"), choices=Role, widget=forms.CheckboxSelectMultiple)


class MembershipInline(admin.StackedInline):
    model = Membership
    form = MembershipForm
    fields = ("roles", "school", "colleges", "class_names")
    min_num, validate_min = 1, True
    can_delete = False
    autocomplete_fields = ("school",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("school",) if obj else ()


@admin.register(User)
class PersonAdmin(CenterAdmin, UserAdmin):
    """The people of center and schools, for who stands above all of them: the first administrator is made here.

    Changes go through `portal.accounts.people`: they are recorded, and the person is told. Operators and passwords are the
    server's: manage.py createsuperuser, changepassword.
    """

    inlines = (MembershipInline,)
    list_display = ("username", "full_name", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("username", "full_name", "email")
    readonly_fields = ("username", "is_superuser", "last_login")
    filter_horizontal = ()
    fieldsets = ((None, {"fields": (*readonly_fields, "is_active", "full_name", "email", "phone")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or hasattr(obj, "membership"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The history names people: an account is switched off."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        raise PermissionDenied

    def save_model(self, request: Any, obj: User, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        if change:
            for each in formsets:  # what the admin's own log asks for
                each.new_objects = each.changed_objects = each.deleted_objects = []
            self._change(form, formsets[0].forms[0].cleaned_data, by=request.user)
            return
        super().save_related(request, form, formsets, change)
        member = form.instance.membership
        facts = {"username": form.instance.username, "roles": [[], list(member.roles)]}
        history.record("person.invited", member, by=request.user, facts=facts)

    def _change(self, form: Any, wanted: dict[str, Any], *, by: User) -> None:
        person = form.cleaned_data
        member = Membership.objects.select_related("user", "school").get(user=form.instance.pk)
        was_active = member.user.is_active
        fields = {name: person[name] for name in ("full_name", "email", "phone")}
        limit = Limit(wanted["colleges"], wanted["class_names"])
        member = people.change_person(member, by=by, roles=wanted["roles"], limit=limit, **fields)
        if person["is_active"] != was_active:
            (people.switch_on if person["is_active"] else people.switch_off)(member, by=by)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "school", "status", "done", "total", "attempts", "created_at", "finished_at")
    list_filter = ("status", "kind", "queue")
    list_select_related = ("school",)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "school", "recipient_key", "kind", "subject", "read_at")
    list_filter = ("kind",)
    list_select_related = ("school",)

    @admin.display(description=_("subject"))
    def subject(self, row: Notification) -> str:
        return notification_kinds.render(row.kind, row.parameters).subject


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Deliveries with the number in each state, and the reason for those that failed."""

    list_display = ("id", "school", "notification", "channel", "address", "status", "is_urgent", "refusals", "reason")
    list_filter = ("status", "channel", "is_urgent")
    list_select_related = ("school", "notification")
    show_facets = admin.ShowFacets.ALWAYS
    actions = ("send_again",)

    @admin.display(description=_("reason"))
    def reason(self, row: Delivery) -> str:
        return gettext(row.error) if row.error else ""

    @admin.action(description=_("Send what failed once more"))
    def send_again(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        number = deliveries.send_again(rows)
        self.message_user(request, gettext("%(n)d deliveries wait again.") % {"n": number})


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """How far the history has been counted; `manage.py check_history` compares."""

    list_display = ("noted_at", "upto", "number", "sealed")

    @admin.display(description=_("seal"))
    def sealed(self, row: Checkpoint) -> str:
        return bytes(row.seal).hex()


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Read-only: a trigger in the database refuses changes of the history."""

    list_display = ("at", "kind", "actor_name", "school", "object_type", "object_id", "before", "after", "source")
    list_filter = ("source",)
    list_select_related = ("school",)
    search_fields = ("kind", "actor_name")
    show_full_result_count = False
