"""Tencent Cloud's faceid (慧眼), API 3.0 of 2018-03-01, signed with TC3-HMAC-SHA256 by its SDK."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from capture.sign_in.real_name.base import SECONDS, Denied, Face, Pending, Person, Silent, checked_url

ADDRESS = "https://faceid.tencentcloudapi.com"
# IdCardVerification, by its results; the two that are charged are 0 and -1.
NO = {"-1": "mismatch", "-2": "format", "-3": "format", "-5": "no_record"}
# By the codes of its errors; any other one says nothing of the person.
REFUSALS = {
    "FailedOperation.IdNameMisMatch": "mismatch",
    "FailedOperation.IdNoExistSystem": "no_record",
    "FailedOperation.IdPhotoNoExist": "no_record",
    "FailedOperation.IdFormatError": "format",
    "FailedOperation.NameFormatError": "format",
    "InvalidParameterValue.BizTokenExpired": "expired",
    "InvalidParameterValue.BizTokenIllegal": "expired",
}
TEXT_ONLY = "1"  # no pictures, no video


class Tencent:
    title = _("Tencent Cloud")

    def __init__(self, account: Mapping[str, Any]) -> None:
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile
        from tencentcloud.faceid.v20180301.faceid_client import FaceidClient

        self.address = account.get("address") or ADDRESS
        where = urlsplit(self.address)
        http = HttpProfile(protocol=where.scheme, endpoint=where.netloc, reqTimeout=SECONDS)
        credential = Credential(account["key_id"], account["key_secret"])
        self.client = FaceidClient(credential, account.get("region", ""), ClientProfile(httpProfile=http))
        self.rule = account.get("face", "")

    def check(self, person: Person) -> str:
        told = self._asked("IdCardVerification", Name=person.name, IdCard=person.id_number)
        if told.Result == "0":
            return str(told.RequestId)
        if why := NO.get(str(told.Result)):
            raise Denied(why, is_charged=told.Result == "-1")
        raise Silent(f"IdCardVerification: {told.Result}")

    def begin_face(self, person: Person, *, back: str, browser: str) -> Face:
        told = self._asked("DetectAuth", RuleId=self.rule, Name=person.name, IdCard=person.id_number, RedirectUrl=back)
        if not told.BizToken:
            raise Silent("DetectAuth gave no token.")
        return Face(checked_url(told.Url, of_service=self.address), told.BizToken)

    def face(self, token: str, person: Person) -> str:
        told = self._asked("GetDetectInfoEnhanced", BizToken=token, RuleId=self.rule, InfoType=TEXT_ONLY)
        text = told.Text
        if text is None or text.ErrCode is None:
            raise Pending
        if (text.Name, str(text.IdCard).upper()) != (person.name, person.id_number):
            raise Silent("GetDetectInfoEnhanced answers about somebody else.")
        if (text.ErrCode, text.LiveStatus, text.Comparestatus) != (0, 0, 0):
            raise Denied("face", is_charged=True)
        return str(told.RequestId)

    def _asked(self, action: str, **values: Any) -> Any:
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
        from tencentcloud.faceid.v20180301 import models

        request = getattr(models, f"{action}Request")()
        for name, value in values.items():
            setattr(request, name, value)
        try:
            return getattr(self.client, action)(request)
        except TencentCloudSDKException as error:
            if why := REFUSALS.get(str(error.get_code())):
                raise Denied(why) from error
            raise Silent(f"{action}: {error.get_code()}") from error
        except (OSError, TypeError, ValueError, LookupError) as error:
            raise Silent(f"{action}: {type(error).__name__}") from error
