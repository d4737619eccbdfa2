import re
import threading
import time
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.core import mail
from django.db import IntegrityError, connection, transaction

from portal.accounts import people
from portal.errors import NotAllowed, PortalError
from portal.models import Delivery, Event, Membership, Notification, Role, User
from portal.student_limits import Limit
from portal.tenancy import outside_scopes, school_scope
from schools.models import School
from tests import factories
from tests.support.addresses import dated
from tests.support.words import said


def member(user) -> Membership:
    return Membership.objects.select_related("user", "school").get(user=user)


def invite(by, **fields) -> people.Invitation:
    return people.invite(
        **{
            "username": "new",
            "full_name": "New Person",
            "roles": [Role.SCHOOL_OFFICER],
            "by": by,
            "email": "new@example.org",
        }
        | fields
    )


def operator_with(role: Role) -> User:
    user = factories.operator()
    Membership.objects.create(user=user, roles=[role])
    return user


def path_in(text: str) -> str:
    return re.search(r"/accounts/password/reset/key/\S+", text)[0]


def test_an_invited_person_chooses_a_password_by_the_link_once(client, owner, school):
    invite(owner, school=school)
    path = path_in(mail.outbox[0].body)
    page = client.get(path, follow=True)
    target = page.redirect_chain[-1][0]
    answer = client.post(target, {"password1": "a-fine-long-secret", "password2": "a-fine-long-secret"})
    assert answer["Location"] == "/portal/"
    assert client.get("/portal/")["Location"] == dated("/school/")
    client.logout()
    assert User.objects.get(username="new").check_password("a-fine-long-secret")
    again = client.get(path, follow=True)
    assert b"password1" not in again.content


def test_the_link_is_mailed_shown_to_nobody_and_kept_nowhere(owner, school):
    invitation = invite(owner, school=school)
    assert invitation.link == ""
    assert mail.outbox[0].to == ["new@example.org"]
    event = Event.objects.get(kind="person.invited")
    assert event.facts == {"name": "New Person", "username": "new", "roles": [[], ["school_officer"]]}


def test_without_an_address_nobody_is_invited_by_mail(owner, school):
    with pytest.raises(
        PortalError,
        match=said("Enter the person's e-mail address: the link is mailed there, and shown to nobody."),
    ):
        invite(owner, school=school, email="")
    assert not User.objects.filter(username="new").exists()


def test_a_mail_server_that_does_not_answer_changes_nothing(owner, colleague, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(
        PortalError, match=said("The mail server did not take the mail, so nothing was changed. Try again later.")
    ):
        people.renew_link(member(colleague), by=owner)
    colleague.refresh_from_db()
    assert colleague.has_usable_password()


@pytest.mark.parametrize("kind", ["django.core.mail.backends.console", "portal.notifications.mail_files"])
def test_only_without_a_mail_server_is_the_link_shown(owner, school, settings, kind):
    settings.EMAIL_BACKEND = f"{kind}.EmailBackend"
    assert path_in(invite(owner, school=school, email="").link)


def test_a_user_name_is_given_once(owner, school):
    with pytest.raises(PortalError, match=said("The user name %(name)s is taken. Choose another one.", name="OWNER")):
        invite(owner, school=school, username="OWNER")


@pytest.mark.parametrize("name", ["colleague@example.org", "a@b", "name with spaces"])
def test_no_user_name_is_an_address(owner_client, owner, colleague, school, name):
    """Who signs in by it would take the place of the address's owner."""
    form = {"full_name": "X", "username": name, "email": "x@example.org", "roles": [Role.SCHOOL_OFFICER]}
    page = owner_client.post("/people/new/", form).content.decode()
    assert said("A user name has letters, figures and . + - _ only.") in page
    if "@" in name:
        with pytest.raises(IntegrityError, match="no_user_name_is_an_address"), transaction.atomic():
            User.objects.create_user(name)


@pytest.mark.parametrize("role", [Role.CENTER_ADMIN, Role.CENTER_OFFICER])
def test_a_school_cannot_hand_out_the_centers_roles(owner, school, role):
    with pytest.raises(PortalError, match=said("This role does not fit here.")):
        invite(owner, school=school, roles=[role])


def test_nobody_reaches_beyond_the_own_school(owner, colleague, outsider, school, other_school):
    with pytest.raises(NotAllowed):
        invite(outsider, school=school)
    with pytest.raises(NotAllowed):
        invite(colleague, school=school)
    with pytest.raises(NotAllowed):
        invite(owner, school=None, roles=[Role.CENTER_OFFICER])
    with pytest.raises(NotAllowed):
        people.switch_off(member(colleague), by=outsider)


def test_the_center_makes_accounts_for_a_school_but_its_officers_do_not(center_admin, center_officer, school):
    assert invite(center_admin, school=school).member.school == school
    with pytest.raises(NotAllowed):
        invite(center_officer, school=school, username="other")


def test_a_new_link_ends_the_old_password_and_its_owner_is_told(owner, colleague):
    people.renew_link(member(colleague), by=owner)
    colleague.refresh_from_db()
    assert not colleague.has_usable_password()
    assert Event.objects.filter(kind="person.link_renewed").count() == 1
    with school_scope(member(colleague).school):
        assert [row.recipient_key for row in Notification.objects.filter(kind="account.link_renewed")] == [
            colleague.actor_key
        ]


def test_nobody_makes_a_link_for_an_equal_or_for_who_stands_higher(center_admin, center_officer, owner, school):
    equal = factories.person("other", Role.CENTER_ADMIN)
    operator = operator_with(Role.CENTER_OFFICER)
    clerk = factories.person("clerk", Role.SCHOOL_ADMIN, school)
    for target, by in [(equal, center_admin), (operator, center_admin), (clerk, owner), (owner, owner)]:
        before = target.password
        with pytest.raises(NotAllowed, match=target.actor_name):
            people.renew_link(member(target), by=by)
        with pytest.raises(NotAllowed):
            people.change_person(
                member(target), by=by, full_name="X", roles=member(target).roles, email="thief@example.org"
            )
        target.refresh_from_db()
        assert (target.password, target.email) == (before, f"{target.username}@example.org")
    people.renew_link(member(center_officer), by=center_admin)
    people.renew_link(member(clerk), by=center_admin)


def test_nobody_switches_off_who_stands_higher(center_admin):
    operator = operator_with(Role.CENTER_ADMIN)
    with pytest.raises(NotAllowed, match=said("%(name)s stands above you.", name="operator")):
        people.switch_off(member(operator), by=center_admin)


def test_the_old_address_is_told_of_a_new_one(owner, colleague, center_admin, center_officer):
    people.change_person(
        member(colleague), by=owner, full_name="C", roles=[Role.SCHOOL_OFFICER], email="Other@example.org"
    )
    with school_scope(member(colleague).school):
        (told,) = Delivery.objects.filter(notification__kind="account.email_changed")
    assert told.address == "colleague@example.org"
    colleague.refresh_from_db()
    assert colleague.email == "other@example.org"
    assert EmailAddress.objects.filter(user=colleague, primary=True, verified=True).get().email == "other@example.org"


@pytest.mark.django_db(transaction=True)
def test_people_of_the_center_are_told_by_mail(center_admin, center_officer):
    roles = [Role.CENTER_FINANCE, Role.CENTER_REVIEWER]
    people.change_person(
        member(center_officer), by=center_admin, full_name="O", roles=roles, email="officer@example.org"
    )
    (letter,) = mail.outbox
    assert letter.to == ["officer@example.org"]
    assert said("Center finance") in letter.body
    assert member(center_officer).roles == ["center_reviewer", "center_finance"]


def test_a_limit_is_for_officers_reviewers_and_helpers(owner, school):
    limit = Limit(colleges=["文学院"])
    with pytest.raises(PortalError):
        invite(owner, school=school, roles=[Role.SCHOOL_FINANCE, Role.SCHOOL_OFFICER], limit=limit)
    made = invite(owner, school=school, roles=[Role.SCHOOL_REVIEWER], limit=limit).member
    assert made.is_limited
    assert Event.objects.get(kind="person.invited").facts["colleges"] == [[], ["文学院"]]


def test_switching_off_signs_out_and_keeps_the_history(owner, colleague, client):
    client.force_login(colleague)
    people.switch_off(member(colleague), by=owner)
    assert client.get("/school/").status_code == 302
    people.switch_on(member(colleague), by=owner)
    colleague.refresh_from_db()
    assert colleague.is_active
    kinds = list(Event.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["person.switched_off", "person.switched_on"]


def test_nobody_takes_away_the_own_rights(owner):
    with pytest.raises(PortalError, match=said("You cannot change your own rights. Another administrator can.")):
        people.switch_off(member(owner), by=owner)
    with pytest.raises(PortalError, match=said("You cannot change your own rights. Another administrator can.")):
        people.change_person(
            member(owner), by=owner, full_name="O", email="owner@example.org", roles=[Role.SCHOOL_OFFICER]
        )


def test_the_last_administrator_stays(owner, center_admin, school):
    with pytest.raises(
        PortalError, match=said("This is the last administrator. Make somebody else an administrator first.")
    ):
        people.switch_off(member(owner), by=center_admin)
    with pytest.raises(
        PortalError, match=said("This is the last administrator. Make somebody else an administrator first.")
    ):
        people.change_person(member(owner), by=center_admin, full_name="Owner", roles=[Role.SCHOOL_OFFICER])
    factories.person("second", Role.SCHOOL_ADMIN, school, is_active=False)
    with pytest.raises(
        PortalError, match=said("This is the last administrator. Make somebody else an administrator first.")
    ):
        people.switch_off(member(owner), by=center_admin)
    factories.person("third", Role.SCHOOL_ADMIN, school)
    people.switch_off(member(owner), by=center_admin)


def refusals_of_two_at_once(school, first: Callable[[], object], second: Callable[[], object]) -> list[str]:
    """What the second is told. It begins before the first has ended, and waits for it in the database."""
    refused = []

    def run() -> None:
        try:
            with outside_scopes(), school_scope(school):
                second()
        except PortalError as error:
            refused.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with outside_scopes(), school_scope(school), transaction.atomic(), connection.cursor() as cursor:
        first()
        thread.start()
        while thread.is_alive():
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() is not None:
                break
            time.sleep(0.01)
    thread.join()
    return refused


@pytest.mark.django_db(transaction=True)
def test_two_administrators_do_not_switch_each_other_off_at_once(owner, school):
    other = factories.person("other", Role.SCHOOL_ADMIN, school)
    refused = refusals_of_two_at_once(
        school,
        lambda: people.switch_off(member(other), by=owner),
        lambda: people.switch_off(member(owner), by=other),
    )
    assert refused == [said("This is the last administrator. Make somebody else an administrator first.")]
    owner.refresh_from_db()
    assert owner.is_active


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_account_and_says_that_the_name_is_taken(owner, school):
    def click() -> None:
        invite(owner, username="clicked", school=school)

    refused = refusals_of_two_at_once(school, click, click)
    assert refused == [said("The user name %(name)s is taken. Choose another one.", name="clicked")]
    assert User.objects.filter(username="clicked").count() == 1


def test_a_changed_person_is_recorded_field_by_field(owner, colleague):
    people.change_person(member(colleague), by=owner, full_name="Colleague", roles=[Role.SCHOOL_ADMIN], phone="123")
    assert Event.objects.get(kind="person.role_changed").facts == {"roles": [["school_officer"], ["school_admin"]]}
    assert Event.objects.get(kind="person.changed").facts == {
        "email": ["colleague@example.org", ""],
        "phone": ["", "123"],
    }


def test_one_person_is_responsible_and_the_register_follows(owner, colleague, school):
    people.make_contact(member(owner), by=owner)
    people.change_person(member(colleague), by=owner, full_name="Colleague", roles=[Role.SCHOOL_OFFICER], phone="123")
    people.make_contact(member(colleague), by=owner)
    assert list(Membership.objects.filter(is_contact=True).values_list("user", flat=True)) == [colleague.pk]
    school = School.objects.get(pk=school.pk)
    assert (school.contact_name, school.contact_phone) == ("Colleague", "123")
    people.switch_off(member(colleague), by=owner)
    assert not Membership.objects.filter(is_contact=True).exists()


def test_the_center_has_nobody_responsible_for_a_capture(center_admin):
    with pytest.raises(
        PortalError, match=said("Only an active person of a school can be responsible for its capture.")
    ):
        people.make_contact(member(center_admin), by=center_admin)


def test_nobody_takes_the_reminder_of_the_password_by_using_the_address_of_another(client, center_admin, owner):
    """The owner of the address has never signed in; a new account of a school bears it too."""
    invite(owner, school=Membership.objects.get(user=owner).school, email=center_admin.email.upper())
    mail.outbox.clear()
    client.post("/accounts/password/reset/", {"email": center_admin.email})
    keys = {path_in(letter.body).split("/")[-2].partition("-")[0] for letter in mail.outbox}
    assert user_pk_to_url_str(center_admin) in keys
