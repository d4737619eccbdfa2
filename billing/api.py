"""REST for a mini program: the student pays the fee inside of WeChat.

POST with the code of `wx.login` gives what `wx.requestPayment` takes; GET tells when the payment is in the books. Then the
photo that was ready when the payment began is handed in: no call of `submission/` is needed.
"""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from billing.models import Order
from billing.online import orders, receipts
from billing.online.providers import Channel, JSAPIParameters
from billing.views.student import receipt_response
from portal.accounts.addresses import address_of
from portal.errors import PortalError
from students.identity.student_api import Refusal, StudentAPI


class Code(serializers.Serializer):
    code = serializers.CharField(max_length=128, help_text="from wx.login, a moment ago")


class PaymentState(serializers.ModelSerializer):
    status_label = serializers.CharField(source="get_status_display")

    receipt_number = serializers.SerializerMethodField(
        help_text="empty until it is paid; the PDF is at payment/receipt/"
    )
    fiscal_number = serializers.SerializerMethodField(help_text="of the fiscal e-receipt; empty until it is issued")

    class Meta:
        model = Order
        fields: tuple[str, ...] = (
            *("number", "status", "status_label", "amount_fen", "expires_at", "paid_at"),
            *("receipt_number", "fiscal_number"),
        )

    def get_receipt_number(self, order: Order) -> str:
        return order.receipt.number if hasattr(order, "receipt") else ""

    def get_fiscal_number(self, order: Order) -> str:
        return order.receipt.fiscal_number if hasattr(order, "receipt") else ""


class StartedPayment(PaymentState):
    parameters = serializers.DictField(
        child=serializers.CharField(),
        help_text="for wx.requestPayment: timeStamp, nonceStr, package, signType, paySign; and appId",
    )

    class Meta(PaymentState.Meta):
        fields = (*PaymentState.Meta.fields, "parameters")


class NotBegun(PortalError):
    status = 404


class CurrentPayment(StudentAPI):
    @extend_schema(responses={200: PaymentState, 404: Refusal})
    def get(self, request: Any) -> Response:
        """The student's last order; WeChat is asked about it while it is to be paid."""
        order = Order.objects.filter(student=self.student).first()
        if order is None:
            raise NotBegun(_("You have not begun to pay."))
        orders.look_for_payment(order)
        return Response(PaymentState(order).data)

    @extend_schema(request=Code, responses={200: StartedPayment, 400: Refusal})
    def post(self, request: Any) -> Response:
        """Begin to pay, or go on. 400 where the fee is settled, and where no payment inside of WeChat is taken."""
        form = Code(data=request.data)
        form.is_valid(raise_exception=True)
        openid = orders.payer_of(form.validated_data["code"], self.enrolment.season)
        order = orders.open_order(student=self.student, enrolment=self.enrolment, channel=Channel.WECHAT, openid=openid)
        checkout = orders.start_payment(order, address=address_of(request.META), openid=openid)
        if not isinstance(checkout, JSAPIParameters):
            raise PortalError(
                _("This portal takes no payment inside of WeChat. Open its page in a browser and pay there.")
            )
        order.parameters = checkout.values  # type: ignore[attr-defined]
        return Response(StartedPayment(order).data)


class CurrentReceipt(StudentAPI):
    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY, 404: Refusal})
    def get(self, request: Any) -> HttpResponse:
        """The receipt of the student's last payment, as a PDF. Marked as void where it was refunded."""
        row = receipts.whole().filter(order__student=self.student).order_by("-pk").first()
        if row is None:
            raise NotBegun(_("There is no receipt: nothing has been paid."))
        return receipt_response(row)
