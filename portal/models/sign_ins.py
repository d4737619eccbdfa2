from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import USER, DatabaseRole, deleted_by


class SignIn(models.Model):
    """One sign-in of a person of the staff: where, with what, and until when its session was used.

    `portal.accounts.open_sessions` writes it. The database shows and takes only those of the account
    that the statement names.
    """

    DATABASE_RIGHTS = {DatabaseRole.PLAIN: {"INSERT", "UPDATE"}} | deleted_by(DatabaseRole.SYSTEM)
    DATABASE_POLICIES = {
        "of_the_account": f"TO {DatabaseRole.PLAIN} USING (user_id = {USER})",
        "over": f"TO {DatabaseRole.SYSTEM} USING (seen_at < now() - interval '1 day') WITH CHECK (false)",
        "owner": "TO CURRENT_USER USING (true)",
    }

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40)  # as the table of sessions holds it: a hash
    address = models.GenericIPAddressField(_("address"))
    device = models.CharField(_("device"), max_length=60)  # as the browser calls itself
    at = models.DateTimeField(_("time"), auto_now_add=True)
    seen_at = models.DateTimeField(_("last used"))
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-seen_at",)
        indexes = [models.Index(fields=("user", "at"), name="sign_in_by_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.device} {self.address}"
