from django.urls import path

from billing import api

app_name = "billing_api"
urlpatterns = [
    path("me/payment/", api.CurrentPayment.as_view(), name="payment"),
    path("me/payment/receipt/", api.CurrentReceipt.as_view(), name="payment_receipt"),
]
