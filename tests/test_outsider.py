"""Nobody reaches another school's rows. Every tenant model and every URL of the project is tried.

Models and URLs are found by themselves, so a new one cannot be forgotten: a URL with an object that
`OBJECTS` does not know, and a view without a guard, fail the test.
"""

import datetime as dt
import decimal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.core.files.base import ContentFile
from django.db import DatabaseError, models, transaction
from django.db.models.fields import NOT_PROVIDED
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_scopes.exceptions import ScopeError
from rest_framework.permissions import AllowAny

from billing.models import Difference, Reconciliation
from portal import history
from portal.database import rights
from portal.database.scope import DatabaseRole
from portal.models import Event, Job, Membership, Role
from portal.tenancy import TenantModel, school_scope, system_scope
from schools import season_addresses
from schools.models import Notice, NoticeFile, NoticeVersion, School
from schools.season_addresses import SeasonRoute
from schools.seasons import season_objects
from students.identity import student_access
from students.models import RosterBundle, StudentSession
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
TENANT_MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]
SECRET = "绝密甲"


# one row of every tenant model


def sample_value(field: models.Field, world: dict[type, Any]) -> Any:
    """A value that the column takes."""
    if isinstance(field, models.ForeignKey):
        return world.get(field.related_model)
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.FileField):
        return ContentFile(b"x", name="x.bin")
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return timezone.localdate()
    if isinstance(field, models.TimeField):
        return dt.time(9)
    if isinstance(field, models.DecimalField):
        return decimal.Decimal(1)
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.IntegerField | models.FloatField):
        return 1
    return b"x" if isinstance(field, models.BinaryField) else "x"


def is_needed(field: models.Field) -> bool:
    relation = isinstance(field, models.ForeignKey)
    return not field.primary_key and (relation or field.default is NOT_PROVIDED) and not field.has_default()


# Where a constraint of the table asks for more than the field does.
VALUES: dict[str, dict[str, Any]] = {
    "billing.SchoolRefund": {"status": "paid"},
    "capture.Film": {"frames": ""},  # else its file would be no film
    "capture.Station": {"break_from": None, "break_to": None},
    "capture.Slot": {"ends_at": dt.time(10)},
}


def row_of(model: type[models.Model], world: dict[type, Any]) -> Any:
    fields = [field for field in model._meta.concrete_fields if is_needed(field)]
    return model(**{field.name: sample_value(field, world) for field in fields} | VALUES.get(model._meta.label, {}))


def populate(school: School, season: Any) -> dict[type, Any]:
    """One saved row of every tenant model for a school, and of what else belongs to one."""
    student = factories.student(school, season, name=SECRET)
    world: dict[type, Any] = {type(season): season, School: school, type(student): student}
    photo = factories.photo(student, "approved")
    world[type(photo)] = photo
    notice = Notice.objects.create(season=season, title=SECRET, body=SECRET, status="published", number=1)
    NoticeVersion.objects.create(notice=notice, number=1, title=SECRET, body=SECRET)
    world[Notice], world[NoticeFile] = notice, NoticeFile.objects.create(notice=notice, name=SECRET)
    world[RosterBundle] = RosterBundle.objects.create(season=season, filename=SECRET)  # the center's alone
    with school_scope(school):
        for model in TENANT_MODELS:
            if model not in world:
                world[model] = model.objects.first() or saved(row_of(model, world))
    run = Reconciliation.objects.create(merchant="simulator", day=timezone.localdate())
    values = {"what": Difference.What.MISSING_HERE, "kind": "payment", "order_number": "1", "external_id": "1"}
    world[Reconciliation], world[Difference] = run, Difference.objects.create(reconciliation=run, **values)
    world[Membership] = Membership.objects.filter(school=school).first()
    world[Job] = Job.objects.create(kind="demo", school=school)
    for name in ("BankStatement", "BankLine", "Allocation"):  # the center's alone
        row = row_of(apps.get_model("billing", name), world)
        row.status = {"BankStatement": "taken"}.get(name, row.status)  # its file is no statement
        world[type(row)] = saved(row)
    passkey = {"name": "x", "credential": {}}
    world[Authenticator] = Authenticator.objects.create(user=world[Membership].user, type="webauthn", data=passkey)
    return world


def saved(row: Any) -> Any:
    row.save()
    if row._meta.label == "billing.LedgerEntry":  # the database takes none without an event
        history.record("ledger.charge", row, by=history.SYSTEM)
    return row


@pytest.fixture
def world(school, season, owner):
    return populate(school, season)


def calls(model: type[models.Model], world: dict[type, Any]) -> dict[str, Callable[[], Any]]:
    """What may be called on the model's table and on the school's row of it."""
    row = world[model]
    return {
        "count": model.objects.count,
        "list": lambda: list(model.objects.all()),
        "exists": model.objects.exists,
        "update": lambda: model.objects.update(school=row.school),
        "delete": lambda: model.objects.all().delete(),
        "create": lambda: model.objects.create(school=row.school),
        "bulk_create": lambda: model.objects.bulk_create([row_of(model, world)]),
        "save": row.save,
        "delete one": row.delete,
    }


def test_every_tenant_table_is_closed_outside_of_a_scope(world):
    assert len(TENANT_MODELS) > 20
    passed = [
        (model._meta.label, name)
        for model in TENANT_MODELS
        for name, call in calls(model, world).items()
        if not is_refused(call)
    ]
    assert passed == []


def is_refused(call: Any) -> bool:
    try:
        call()
    except ScopeError:
        return True
    return False


def is_deleted(model, pk: int) -> bool:
    try:
        with transaction.atomic():
            return bool(model.objects.filter(pk=pk).delete()[0])
    except DatabaseError:  # nobody deletes rows of this table
        return False


def test_another_schools_row_is_neither_seen_nor_written(world, other_school):
    for model in TENANT_MODELS:
        row, label = world[model], model._meta.label
        with school_scope(other_school):
            assert not model.objects.filter(pk=row.pk).exists(), label
            if "UPDATE" in rights.rights_of(model)[DatabaseRole.SCHOOL]:
                assert model.objects.filter(pk=row.pk).update(school=other_school) == 0, label
                assert not is_deleted(model, row.pk), label
            refused = {"save", "delete one", "create", "bulk_create"}
            assert {name for name in refused if is_refused(calls(model, world)[name])} == refused, label
        with system_scope():
            assert model.objects.filter(pk=row.pk, school=row.school).exists(), label


# every URL


@dataclass(frozen=True)
class Page:
    name: str
    route: str
    kwargs: tuple[str, ...]
    view: Any

    @property
    def portal(self) -> str:
        """school, center, staff or student by our decorators; api by the permissions of a REST view."""
        permissions = getattr(getattr(self.view, "cls", None), "permission_classes", [AllowAny])
        return getattr(self.view, "portal", "api" if AllowAny not in permissions and permissions else "")

    @property
    def is_operators(self) -> bool:
        return self.name.startswith("admin:")

    def __str__(self) -> str:
        return self.name


def find_pages(patterns: Any, spaces: tuple[str, ...] = (), route: str = "") -> Iterator[Page]:
    for entry in patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from find_pages(entry.url_patterns, spaces + ((entry.namespace,) if entry.namespace else ()), here)
        elif isinstance(entry, URLPattern) and entry.name and not isinstance(entry.pattern, SeasonRoute):
            kwargs = tuple(entry.pattern.converters) or tuple(entry.pattern.regex.groupindex)
            yield Page(":".join((*spaces, entry.name)), here, kwargs, entry.callback)


PAGES = list(find_pages(get_resolver().url_patterns))
# Open to everybody: the first page, the ways in, what a payment provider and a browser ask for.
PUBLIC = {
    "schools:home",
    "schools:calendar_file",  # whoever has the signed address
    "capture:signin",
    "capture:appear",  # a way in: it names the schools without a list, and their classes
    "capture:signout",
    "capture:read_code",  # reads a picture, keeps nothing and looks nobody up
    "capture:wechat_begin",  # to WeChat and back; who has linked it is signed in
    "capture:wechat_signed_in",
    "capture:errand",  # of the visitor's own session; without one it leads to the sign-in
    "capture:errand_back",
    "capture:simulated_face",  # as a real-name service itself, on a demo alone
    "capture:simulated_code",  # as the registry itself, on a demo alone
    "api:signin",
    "api:appearing",  # the same for a mini program
    "billing:notify",
    "portal:simulated_wechat",  # as WeChat itself: it knows nobody, and leads back to the page that sent somebody
    "set_language",
    "admin:login",
    "admin:logout",
}
# django-allauth and Django's own admin guard themselves.
OTHERS = ("account_", "mfa_", "admin:")
# Behind sign-in without a portal: it only sends people to theirs.
REDIRECTS = {"schools:own_portal"}

# The object behind <pk>, by the beginning of the route.
OBJECTS = {
    "school/schedule/classes/": "schools.GroupDays",
    "center/season/requests/": "schools.DaysRequest",
    "school/schedule/requests/": "schools.DaysRequest",
    "center/schools/": "schools.School",
    "visits/": "schools.School",
    "center/notices/": "schools.Notice",
    "center/inquiries/": "schools.Inquiry",
    "school/inquiries/": "schools.Inquiry",
    "school/notices/": "schools.Notice",
    "me/notices/": "schools.Notice",
    "jobs/": "portal.Job",
    "school/roster/import/": "students.RosterImport",
    "school/roster/moves/": "students.SchoolChange",
    "school/roster/catalogue/": "students.CatalogueClass",
    "school/roster/": "students.Student",
    "center/moves/": "students.SchoolChange",
    "center/roster-import/": "students.RosterBundle",
    "center/number-clashes/": "students.RosterImport",
    "center/students/": "students.Student",
    "school/students/": "students.Student",
    "panels/fees/students/": "students.Student",
    "panels/capture/students/": "students.Student",
    "me/photos/": "capture.Photo",
    "api/v1/me/photos/": "capture.Photo",
    "api/v1/roster-imports/": "students.RosterImport",
    "school/photos/": "capture.Photo",
    "center/photos/": "capture.Photo",
    "school/admission-photos/": "capture.AdmissionUpload",
    "school/admission-pictures/": "students.Student",
    "school/faces/": "capture.FaceComparison",
    "center/admission-photos/schools/": "schools.Enrolment",
    "center/admission-photos/": "capture.AdmissionUpload",
    "center/admission-pictures/": "students.Student",
    "center/faces/": "capture.FaceComparison",
    "school/likenesses/": "capture.Likeness",
    "center/likenesses/": "capture.Likeness",
    "school/exemptions/": "capture.Exemption",
    "school/stations/plan/": "capture.Slot",
    "school/stations/": "capture.Station",
    "center/fees/reconciliation/settle/": "billing.Difference",
    "center/fees/reconciliation/": "billing.Reconciliation",
    "center/fees/refund/": "billing.Order",
    "center/fees/settlements/": "billing.Settlement",
    "center/fees/refunds/": "billing.SchoolRefund",
    "school/fees/settlements/": "billing.Settlement",
    "center/fees/waivers/": "billing.Waiver",
    "center/fees/receipts/": "billing.Receipt",
    "center/fees/bank/lines/": "billing.BankLine",
    "center/fees/bank/names/": "billing.PayerName",
    "center/fees/bank/": "billing.BankStatement",
    "center/fees/": "schools.Enrolment",
    "school/corrections/": "students.Correction",
    "center/corrections/": "students.Correction",
    "me/proof/corrections/": "students.Correction",
    "school/prints/": "printing.PrintRun",
    "school/shipments/": "printing.Shipment",
    "school/sheet-reports/": "printing.SheetReport",
    "center/feedback/": "proofing.Feedback",
    "center/printing/": "printing.PrintRun",
    "center/printing/orders/": "portal.Job",
    "center/volumes/": "printing.Volume",
    "center/handover/packages/": "printing.HandoverPackage",
    "center/handover/schools/": "schools.Enrolment",
    "center/enrolments/": "schools.Enrolment",
    "center/year-end/awards/": "year_end.Award",
    "accounts/2fa/webauthn/keys/": "mfa.Authenticator",
}
KWARGS = {
    "window": lambda world: apps.get_model("schools.Window").objects.first().pk,
    "signed": lambda world: "1:forged",
    "year": lambda world: world[apps.get_model("schools.Season")].year,
    "exception": lambda world: world[apps.get_model("schools.WindowException")].pk,
    "file": lambda world: world[apps.get_model("schools.NoticeFile")].pk,
    "member": lambda world: world[Membership].pk,
    "message": lambda world: world[apps.get_model("portal.Notification")].pk,
    "part": lambda world: world[apps.get_model("billing.Allocation")].pk,
    "entry": lambda world: world[apps.get_model("billing.LedgerEntry")].pk,
    "number": lambda world: world[apps.get_model("billing.Order")].number,
    "receipt": lambda world: world[apps.get_model("billing.Receipt")].number,
    "student_no": lambda world: world[apps.get_model("students.Student")].student_no,
    "kind": lambda world: "portrait",
    "book": lambda world: "no-book",  # no object: every school reads the same manual
    "day": lambda world: "no-day",  # a day is no object: every school has a page of each day, with its own photos
    "merchant": lambda world: "simulator",
    "key": lambda world: "set-password",
    "uidb36": lambda world: "1",
    "object_id": lambda world: 1,
    "sign_in": lambda world: 0,  # nobody's; tests/portal/accounts/test_open_sessions.py tries another's
    "id": lambda world: 1,
    "content_type_id": lambda world: 1,
    "app_label": lambda world: "schools",
    "url": lambda world: "nowhere",
    "model_name": lambda world: "school",
    "frame": lambda world: 0,  # of a film
    "name": lambda world: "none.pdf",  # of a document of the year
}


def object_of(page: Page) -> str:
    return next((label for start, label in OBJECTS.items() if page.route.startswith(start)), "")


def url_of(page: Page, world: dict[type, Any]) -> str:
    values = {name: KWARGS[name](world) for name in page.kwargs if name != "pk"}
    if "pk" in page.kwargs:
        values["pk"] = world[apps.get_model(object_of(page))].pk
    return reverse(page.name, kwargs=values)


def test_every_object_in_a_url_is_known_to_this_test():
    unknown = {f"{page}: {name}" for page in PAGES for name in page.kwargs if name != "pk" and name not in KWARGS}
    unknown |= {f"{page}: pk" for page in PAGES if "pk" in page.kwargs and not object_of(page)}
    assert unknown == set()


def test_every_view_has_a_guard():
    open_pages = {page.name for page in PAGES if not page.portal and not page.name.startswith(OTHERS)}
    assert open_pages == {name for name in PUBLIC if not name.startswith("admin:")} | REDIRECTS


def answers(client: Client, page: Page, world: dict[type, Any], data: dict[str, Any] | None = None) -> list[Any]:
    """What GET and POST answer."""
    url = url_of(page, world)
    return [client.get(url), client.post(url, data or {})]


def is_way_in(response: Any) -> bool:
    """Sent to a sign-in, refused, or not there."""
    if response.status_code in (301, 302):
        return response["Location"].startswith(("/accounts/login/", "/me/sign-in/", "/admin/login/"))
    return response.status_code in (401, 403, 404, 405)


def test_a_stranger_finds_no_page_but_the_public_ones(world):
    found = set()
    for page in PAGES:
        if page.name in PUBLIC or page.name.startswith(OTHERS[:2]):
            continue
        if not all(is_way_in(answer) for answer in answers(Client(), page, world)):
            found.add(page.name)
    assert found == set()


def snapshot(school: School) -> dict[str, Any]:
    """All rows of a school, and how long its history is."""
    with system_scope():
        rows = {
            model._meta.label: list(model.objects.filter(school=school).order_by("pk").values())
            for model in TENANT_MODELS
        }
    members = Membership.objects.filter(school=school).order_by("pk")
    people = list(members.values("roles", "is_contact", "user__is_active", "user__password"))
    jobs = list(Job.objects.filter(school=school).values())
    return rows | {"people": people, "jobs": jobs, "history": Event.objects.filter(school=school).count()}


def body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")


def forged(world: dict[type, Any]) -> dict[str, Any]:
    """Form data that name the other school's rows in every field that our forms have."""
    student = world[apps.get_model("students.Student")].pk
    names = ("pick", "student", "students", "pk", "id", "photo", "photo_id", "ids", "pks")
    return {name: [student] for name in names} | {"school": world[School].pk, "reason": "x", "do": "approve"}


def closed_to(client: Client, page: Page, world: dict[type, Any]) -> bool:
    """Whether the page shows nothing of the other school: 404 with an object, no secret without."""
    for answer in answers(client, page, world, forged(world)):
        if page.kwargs and answer.status_code not in (401, 403, 404, 405):
            return False
        if SECRET in body(answer):
            return False
    return True


def still_signed_in(client: Client, user: Any) -> Client:
    """The client itself, or a new one where a page has ended its session. To sign in for each page took a third of the time."""
    return client if client.session.get(SESSION_KEY) else client_of(user)


def test_a_person_of_another_school_sees_and_changes_nothing(world, school, outsider, other_school):
    before = snapshot(school)
    client, found = client_of(outsider), set()
    for page in PAGES:
        if page.portal in ("school", "staff", "api"):
            client = still_signed_in(client, outsider)
            if not closed_to(client, page, world):
                found.add(page.name)
    assert found == set()
    assert snapshot(school) == before


def test_nobody_of_a_school_opens_a_page_of_the_center_or_of_the_operator(world, school):
    person = factories.person("somebody", Role.SCHOOL_ADMIN, school)
    before = snapshot(school)
    client, found = client_of(person), set()
    for page in PAGES:
        if page.name in PUBLIC or not (page.portal == "center" or page.is_operators):
            continue
        client = still_signed_in(client, person)
        if not all(is_way_in(answer) for answer in answers(client, page, world, forged(world))):
            found.add(page.name)
    assert found == set()
    assert snapshot(school) == before


# Objects of no season, by the beginning of their routes: their pages show the same under every year.
OF_NO_SEASON = {
    *("center/schools/", "school/messages/"),
    *("center/fees/bank/", "center/fees/bank/lines/", "center/fees/bank/names/"),
    *("center/fees/reconciliation/", "center/fees/reconciliation/settle/"),
    *("center/fees/resolve/", "center/fees/repay/"),  # payments that the books refused: of all seasons on each page
}


def test_an_object_under_the_year_of_another_season_moves_to_its_own_or_is_not_found(
    world, school, season, owner, center_admin
):
    last = factories.season(year=season.year - 1, status="open")
    factories.enrol(school, last)
    objects = [page for page in PAGES if page.kwargs and season_addresses.is_of_season(f"/{page.route}")]
    starts = {season_objects.start_of(page.route) for page in objects if not page.route.startswith("api/")}
    assert starts & OF_NO_SEASON == OF_NO_SEASON
    center, school_client, found = client_of(center_admin), client_of(owner), set()
    for page in objects:
        if season_objects.start_of(page.route) in OF_NO_SEASON:
            continue
        client = center if page.portal == "center" else school_client
        own = url_of(page, world)
        foreign = season_addresses.in_year(own, last.year)
        seen, done = client.get(foreign), client.post(foreign, forged(world))
        is_moved = seen.status_code == 302 and seen["Location"] == own
        if not (is_moved or seen.status_code in (404, 405)) or done.status_code not in (404, 405):
            found.add((page.name, seen.status_code, done.status_code))
    assert found == set()
    student = world[apps.get_model("students.Student")]
    moved = school_client.get(f"/school/{last.year}/roster/{student.pk}/?tab=photos")
    assert moved["Location"] == f"/school/{season.year}/roster/{student.pk}/?tab=photos"


def student_still_signed_in(client: Client, student: Any) -> Client:
    """The client itself, or a new one where a page has ended its session."""
    with system_scope():
        row = StudentSession.objects.filter(pk=client.session.get(student_access.SESSION_KEY), student=student)
        return client if row.exists() else student_client(student)


def student_client(student: Any) -> Client:
    client = Client()
    session = client.session
    student_access.begin(session, student)
    session.save()
    return client


def test_a_student_opens_no_page_of_the_staff_and_nobody_elses_picture(world, school, other_school, season):
    student = factories.student(other_school, season)
    before = snapshot(school)
    client, found = Client(), set()
    for page in PAGES:
        if page.name in PUBLIC or page.name.startswith(OTHERS[:2]):
            continue
        client = student_still_signed_in(client, student)
        if page.portal in ("student", "api"):
            is_closed = closed_to(client, page, world)
        else:
            is_closed = all(is_way_in(answer) for answer in answers(client, page, world, forged(world)))
        if not is_closed:
            found.add(page.name)
    assert found == set()
    assert snapshot(school) == before


def test_a_student_of_the_same_school_sees_no_other_students_picture(world, school, season):
    client = student_client(factories.student(school, season))
    for page in PAGES:
        if page.portal in ("student", "api") and page.kwargs:
            assert {answer.status_code for answer in answers(client, page, world)} <= {403, 404, 405}, page.name
