from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import USER, DatabaseRole


class CalendarLink(models.Model):
    """A person's address of the calendar for other programs. Its number is signed into the address; without the row it is shut.

    A program that asks for the calendar has no session, so everybody may read the rows; only the person writes them.
    """

    DATABASE_RIGHTS = {DatabaseRole.PLAIN: {"INSERT", "DELETE"}}
    DATABASE_POLICIES = {
        "asked_for": f"FOR SELECT TO {DatabaseRole.PLAIN} USING (true)",
        "own": f"TO {DatabaseRole.PLAIN} USING (account = {USER})",
        "owner": "TO CURRENT_USER USING (true)",
    }

    account = models.BigIntegerField(unique=True)  # the person's; their table is made after those of this room
    made_at = models.DateTimeField(_("time"), auto_now_add=True)

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")

    def __str__(self) -> str:
        return f"{self.account}"
