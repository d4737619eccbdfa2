import pytest
from django.core import mail

from portal.accounts import people
from portal.errors import NotAllowed, PortalError
from portal.models import Event, Membership, Role, User
from schools.models import School
from tests import factories
from tests.support.words import said


def member(user) -> Membership:
    return Membership.objects.select_related("user", "school").get(user=user)


def invite(by, **fields) -> people.Invitation:
    return people.invite(
        **{"username": "new", "full_name": "New Person", "roles": [Role.SCHOOL_OFFICER], "by": by} | fields
    )


def test_an_invited_person_chooses_a_password_by_the_link_once(client, owner, school):
    link = invite(owner, school=school).link
    path = link[link.index("/accounts/") :]
    page = client.get(path, follow=True)
    target = page.redirect_chain[-1][0]
    answer = client.post(target, {"password1": "a-fine-long-secret", "password2": "a-fine-long-secret"})
    assert answer["Location"] == "/portal/"
    assert client.get("/portal/")["Location"] == "/school/"
    client.logout()
    assert User.objects.get(username="new").check_password("a-fine-long-secret")
    again = client.get(path, follow=True)
    assert b"password1" not in again.content


def test_the_link_is_mailed_where_there_is_an_address_and_kept_nowhere(owner, school):
    invitation = invite(owner, school=school, email="new@example.org")
    assert invitation.is_mailed
    assert invitation.link in mail.outbox[0].body
    event = Event.objects.get(kind="person.invited")
    assert event.facts == {"name": "New Person", "username": "new", "roles": [[], ["school_officer"]]}
    assert invitation.link not in str(event.facts)


@pytest.mark.parametrize("kind", ["console", "filebased"])
def test_the_console_is_no_mail_server(owner, school, settings, kind):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{kind}.EmailBackend"
    assert not invite(owner, school=school, email="new@example.org").is_mailed


def test_a_user_name_is_given_once(owner, school):
    with pytest.raises(PortalError, match=said("The user name %(name)s is taken. Choose another one.", name="OWNER")):
        invite(owner, school=school, username="OWNER")


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


def test_a_new_link_ends_the_old_password(owner, colleague):
    people.renew_link(member(colleague), by=owner)
    colleague.refresh_from_db()
    assert not colleague.has_usable_password()
    assert Event.objects.filter(kind="person.link_renewed").count() == 1


def test_switching_off_signs_out_and_keeps_the_history(owner, colleague, client):
    client.force_login(colleague, backend="django.contrib.auth.backends.ModelBackend")
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
        people.change_person(member(owner), by=owner, full_name="O", roles=[Role.SCHOOL_OFFICER])


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
