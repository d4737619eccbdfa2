"""Alibaba Cloud's Cloudauth (实人认证) of 2019-03-07, signed with ACS3-HMAC-SHA256 by its SDK."""

import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from capture.sign_in.real_name.base import SECONDS, Denied, Face, Pending, Person, Silent, checked_url

ADDRESS = "https://cloudauth.aliyuncs.com"
OK = "200"
NO = {"2": "mismatch", "3": "no_record"}  # Id2MetaVerify, by its BizCode
SUBCODES = {"201": "mismatch", "202": "no_record", "203": "no_record"}  # of a face that was refused; else "face"
FORMAT = ("400", "401")  # a parameter is missing or wrong
NOT_FINISHED = ("404", "424")  # there is no result of this token (yet)


class Alibaba:
    title = _("Alibaba Cloud")

    def __init__(self, account: Mapping[str, Any]) -> None:
        from alibabacloud_cloudauth20190307.client import Client
        from alibabacloud_tea_openapi.utils_models import Config

        self.address = account.get("address") or ADDRESS
        where = urlsplit(self.address)
        config = Config(
            access_key_id=account["key_id"],
            access_key_secret=account["key_secret"],
            protocol=where.scheme,
            endpoint=where.netloc,
            connect_timeout=int(SECONDS * 1000),
            read_timeout=int(SECONDS * 1000),
        )
        self.client, self.scene = Client(config), account.get("face", "")

    def check(self, person: Person) -> str:
        told = self._asked("id_2meta_verify", identify_num=person.id_number, user_name=person.name, param_type="normal")
        if told.code in FORMAT:
            raise Denied("format")
        found = told.result_object.biz_code if told.code == OK and told.result_object else None
        if found == "1":
            return str(told.request_id)
        if why := NO.get(str(found)):
            raise Denied(why, is_charged=why == "mismatch")
        raise Silent(f"Id2MetaVerify: {told.code}, {found}")

    def begin_face(self, person: Person, *, back: str, browser: str) -> Face:
        told = self._asked(
            "init_face_verify",
            scene_id=int(self.scene),
            outer_order_no=secrets.token_hex(16),
            product_code="ID_PRO",
            cert_type="IDENTITY_CARD",
            cert_name=person.name,
            cert_no=person.id_number,
            certify_url_type="H5",
            meta_info=json.dumps({"deviceType": "h5", "ua": browser}),
            return_url=back,
        )
        if told.code in FORMAT:
            raise Denied("format")
        if told.code != OK or not told.result_object or not told.result_object.certify_id:
            raise Silent(f"InitFaceVerify: {told.code}")
        url = checked_url(told.result_object.certify_url, of_service=self.address)
        return Face(url, told.result_object.certify_id)

    def face(self, token: str, person: Person) -> str:
        """The token was given for this person and names nobody else."""
        told = self._asked("describe_face_verify", scene_id=int(self.scene), certify_id=token)
        if told.code in NOT_FINISHED:
            raise Pending
        if told.code != OK or not told.result_object:
            raise Silent(f"DescribeFaceVerify: {told.code}")
        found = told.result_object
        if (found.passed, found.sub_code) == ("T", OK):
            return str(told.request_id)
        if found.passed == "F":
            raise Denied(SUBCODES.get(found.sub_code, "face"), is_charged=True)
        raise Silent(f"DescribeFaceVerify: {found.passed}, {found.sub_code}")

    def _asked(self, action: str, **values: Any) -> Any:
        from alibabacloud_cloudauth20190307 import models
        from darabonba.exceptions import DaraException, UnretryableException

        name = "".join(part.capitalize() for part in action.split("_")).replace("2meta", "2Meta")
        try:
            told = getattr(self.client, action)(getattr(models, f"{name}Request")(**values)).body
        except (DaraException, UnretryableException) as error:
            raise Silent(f"{name}: {getattr(error, 'code', None) or type(error).__name__}") from error
        except (OSError, TypeError, ValueError, AttributeError) as error:
            raise Silent(f"{name}: {type(error).__name__}") from error
        if told is None:
            raise Silent(f"{name}: no answer")
        return told
