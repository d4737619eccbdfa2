from django.urls import path

from billing import views

app_name = "billing"
urlpatterns = [
    path("me/pay/", views.student.pay, name="pay"),
    path("me/pay/receipt/", views.student.receipt, name="receipt"),
    path("me/pay/simulator/<str:number>/", views.student.simulator, name="simulator"),
    path("pay/notify/<slug:provider>/", views.student.notify, name="notify"),
    path("school/fees/", views.school.account, name="account"),
    path("school/fees/students/", views.school.students, name="students"),
    path("center/fees/", views.center.fees, name="center_fees"),
    path("center/fees/<int:pk>/", views.center.school_fees, name="center_school_fees"),
    path("center/fees/<int:pk>/reverse/<int:entry>/", views.center.reverse_entry, name="reverse_entry"),
    path("center/fees/settle/<int:pk>/", views.center.settle_payment, name="settle_payment"),
    path("center/fees/refund/<int:pk>/", views.center.refund, name="refund"),
    path("panels/fees/", views.panels.fees, name="panel_fees"),
    path("panels/fees/school/", views.panels.one_school, name="panel_school"),
]
