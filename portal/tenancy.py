"""The scope in which tenant rows may be seen and written.

There are four scopes: of one school (`school_scope`), of the center (`center_scope`), of the system
(`system_scope`), and `across_schools` for one fact from other schools. Scopes are opened nowhere
else. Each has a database role (`portal.database`): PostgreSQL's row-level security shows and takes only
the rows of the scope, and none outside of any, whatever the SQL says.

django-scopes refuses unscoped queries. This module also refuses what django-scopes lets through:
exists, create, bulk_create, and writing a row of another school.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.db import models
from django_scopes import ScopedManager, scope, scopes_disabled
from django_scopes.exceptions import ScopeError
from django_scopes.manager import DisabledQuerySet
from django_scopes.state import get_scope
from django_scopes.state import state as django_scopes_state

from portal import student_limits
from portal.database.scope import OUTSIDE, DatabaseRole, Scope, current, opened

# Rows of the two models that the settings name; the kernel does not know their fields.
Tenant = Any
Period = Any


def tenant_model() -> Any:
    """The model of the tenants: settings.TENANT_MODEL, as AUTH_USER_MODEL names that of the
    accounts.
    """
    return apps.get_model(settings.TENANT_MODEL)


def _scope(role: DatabaseRole, school: int | None = None) -> Scope:
    """A scope of the account that is signed in."""
    return Scope(role, school, user=current().user)


@contextmanager
def school_scope(school: Tenant) -> Iterator[None]:
    """Only rows of `school` are seen and written inside."""
    with scope(school=school), opened(_scope(DatabaseRole.SCHOOL, school.pk)):
        yield


@contextmanager
def center_scope() -> Iterator[None]:
    """Rows of every school, for a signed-in person of the center or for the operator's admin.

    Only the page decorators and the admin open it. Rule functions do not, so that they never show a
    school other schools' rows.
    """
    with scopes_disabled(), opened(_scope(DatabaseRole.CENTER)):
        yield


@contextmanager
def across_schools() -> Iterator[None]:
    """One fact from other schools, needed inside a request that is not the center's.

    For example: is this ID number enrolled elsewhere, who signs in, which other photo shows the
    same picture. Keep the block short, and return only the fact.
    """
    with scopes_disabled(), student_limits.lifted(), opened(_scope(DatabaseRole.ACROSS)):
        yield


@contextmanager
def system_scope() -> Iterator[None]:
    """Rows of every school, for the system's own work: beat tasks, sweeps, jobs without a school,
    commands.

    Nobody is signed in. Raises ScopeError while a page or an API call is answered.
    """
    if _is_answering.get():
        raise ScopeError("The system's scope is opened while a page or an API call is answered.")
    with scopes_disabled(), student_limits.lifted(), opened(_scope(DatabaseRole.SYSTEM)):
        yield


_is_answering: ContextVar[bool] = ContextVar("is_answering", default=False)


@contextmanager
def outside_scopes(*, is_answering: bool = False) -> Iterator[None]:
    """Close every scope that is open inside the block. `is_answering`: and let nobody open the system's."""
    before, answered = django_scopes_state.get(), _is_answering.get()
    django_scopes_state.set(None)
    _is_answering.set(is_answering)
    try:
        with opened(OUTSIDE):
            yield
    finally:
        django_scopes_state.set(before)
        _is_answering.set(answered)


def check_write(school_id: int | None) -> None:
    """Raise ScopeError unless the open scope admits writing a row of this school."""
    opened_scope = get_scope()
    if not opened_scope.get("_enabled", True):
        return
    if "school" not in opened_scope:
        raise ScopeError("A tenant row is written outside of any scope.")
    school = opened_scope["school"]
    if school is None or school.pk != school_id:
        raise ScopeError(f"A row of school {school_id} is written in the scope of {school}.")


class TenantQuerySet(models.QuerySet):
    """Checks the scope in `bulk_create`, and sets fields with `auto_now` in `update`."""

    def update(self, **fields: Any) -> int:
        """One UPDATE that also sets fields with `auto_now`, as `save` does: the API finds rows by
        `updated_since`.
        """
        return super().update(**_auto_now_values(self.model) | fields)

    update.alters_data = True  # type: ignore[attr-defined] # no template may call it

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        rows = list(objs)
        for school_id in {row.school_id for row in rows}:
            check_write(school_id)
        return super().bulk_create(rows, *args, **kwargs)


def _auto_now_values(model: type[models.Model]) -> dict[str, Any]:
    """{field: now} of the model's fields with `auto_now`."""
    moved = [field for field in model._meta.concrete_fields if getattr(field, "auto_now", False)]
    return {field.name: field.pre_save(model(), add=False) for field in moved}


class NoScopeQuerySet(DisabledQuerySet):
    """The queryset of a tenant model outside of any scope: every method raises ScopeError."""

    exists = create = bulk_create = bulk_update = in_bulk = exclude = distinct = DisabledQuerySet.error
    select_related = prefetch_related = alias = aiterator = DisabledQuerySet.error


def scoped_manager(queryset: type[models.QuerySet] = TenantQuerySet) -> Any:
    """The manager of a tenant model: refuses to work outside of a scope."""
    scoped = type(ScopedManager(school="school", _manager_class=models.Manager.from_queryset(queryset)))

    class TenantManager(scoped):  # type: ignore[misc, valid-type]
        def get_queryset(self) -> models.QuerySet:
            rows = super().get_queryset()
            if isinstance(rows, DisabledQuerySet):
                return NoScopeQuerySet(self.model, using=self._db, missing_scopes={"school"})
            return student_limits.narrow(rows)

    return TenantManager()


class TenantModel(models.Model):
    """A row that belongs to one school."""

    # The foreign keys from a row to its student, as in a filter; "": it is a student; None: it is
    # about the whole school (see portal.student_limits).
    path_to_student: ClassVar[str | None] = None

    school = models.ForeignKey(settings.TENANT_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = scoped_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        check_write(self.school_id)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        check_write(self.school_id)
        return super().delete(*args, **kwargs)
