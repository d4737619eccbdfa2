"""Forms of the year's end."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.pages.form_fields import YuanField
from year_end.models import Award, Bulletin


class AwardForm(forms.ModelForm):
    """What the center decides about one school."""

    allowance_fen = YuanField(label=_("Work allowance (yuan)"))

    class Meta:
        model = Award
        fields = ("is_commended", "commended_person", "is_criticised", "allowance_fen")


class BulletinForm(forms.ModelForm):
    class Meta:
        model = Bulletin
        fields = ("title", "text")
        widgets = {"text": forms.Textarea(attrs={"rows": 22})}
