"""Columns of the sheet of schools: import and export, in the center's portal and in the admin."""

from typing import Any

from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from portal import formulas
from schools.models import Area, School


class AreaWidget(widgets.Widget):
    """An area, written as its name."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Area:
        name = str(value or "").strip()
        area = Area.objects.filter(name=name).first()
        if area is None:
            known = "、".join(Area.objects.values_list("name", flat=True))
            raise ValueError(_("“%(name)s” is no area. Known are: %(known)s.") % {"name": name, "known": known})
        return area

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return formulas.harmless_delimited(str(value or ""))


class KindWidget(widgets.Widget):
    """The kind of a school: a Chinese word, a label, or the stored value. Empty: a university."""

    WORDS = {
        "大学": "university",
        "高校": "university",
        "本科院校": "university",
        "高职院校": "college",
        "研究所": "institute",
    }

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        word = str(value or "").strip()
        known = (
            self.WORDS
            | {str(label): kind for kind, label in School.Kind.choices}
            | {kind: kind for kind in School.Kind.values}
        )
        if word and word not in known:
            labels = "、".join(str(label) for label in School.Kind.labels)
            raise ValueError(
                _("“%(word)s” is no kind of school. Known are: %(known)s.") % {"word": word, "known": labels}
            )
        return known.get(word, School.Kind.UNIVERSITY)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return str(School.Kind(value).label) if value else ""


class TextWidget(widgets.CharWidget):
    """Text without outer spaces, and without the ".0" that a spreadsheet adds to a number.

    In an export a text that could be a formula has an apostrophe.
    """

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return str(value if value is not None else "").strip()

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return formulas.harmless_delimited(str(value or ""))


def _text(name: str, heading: str) -> fields.Field:
    return fields.Field(attribute=name, column_name=heading, widget=TextWidget())


class SchoolResource(resources.ModelResource):
    code = _text("code", "学校代码")
    name = _text("name", "学校名称")
    short_name = _text("short_name", "简称")
    kind = fields.Field(attribute="kind", column_name="类型", widget=KindWidget())
    area = fields.Field(attribute="area", column_name="片区", widget=AreaWidget())
    address = _text("address", "寄送地址")
    contact_name = _text("contact_name", "联系人")
    contact_phone = _text("contact_phone", "联系电话")

    class Meta:
        model = School
        import_id_fields = ("code",)
        fields = ("code", "name", "short_name", "kind", "area", "address", "contact_name", "contact_phone")
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        store_instance = True
        skip_html_diff = True
        use_transactions = False

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Do not reset the id sequence: rows bring no ids, and our database role may not set it."""


COLUMNS = [SchoolResource.fields[name].column_name for name in SchoolResource._meta.fields]
REQUIRED = ["学校代码", "学校名称", "片区"]
