"""The one e-mail address of an account.

`User.email` is the address; django-allauth keeps a row of it (`EmailAddress`), and beside it one that
waits to be confirmed. An address that an administrator enters counts at once, because the
administrator answers for the account; one that its owner enters counts when the link in the mail is opened.
"""

from allauth.account.models import EmailAddress
from django.db import transaction

from portal.database.scope import about_account
from portal.models import User


def keep_in_step(user: User) -> None:
    """Make allauth's row that of `User.email`: the address is changed at the people's pages and by the operator too.

    An address of two accounts is confirmed for the older one only, whichever of them signs in first:
    a reminder of the password goes to confirmed addresses alone, and must not pass the owner by.
    """
    email = user.email.lower()
    if EmailAddress.objects.filter(user=user, email=email, primary=True).exists() and email == user.email:
        return
    with about_account(user.pk), transaction.atomic():
        EmailAddress.objects.filter(user=user).delete()
        if email:
            is_free = not EmailAddress.objects.filter(email=email, verified=True).exists()
            is_free = is_free and not User.objects.filter(email__iexact=email, pk__lt=user.pk).exists()
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=is_free)
        if email != user.email:
            User.objects.filter(pk=user.pk).update(email=email)
            user.email = email
