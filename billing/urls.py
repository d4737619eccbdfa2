from django.urls import path

from billing.views import books, center, panels, school, student, waivers

app_name = "billing"
urlpatterns = [
    path("me/pay/", student.pay, name="pay"),
    path("me/pay/receipt/", student.receipt, name="receipt"),
    path("me/pay/order/<str:number>/", student.payment, name="payment"),
    path("me/pay/simulator/<str:number>/", student.simulator, name="simulator"),
    path("pay/notify/<slug:merchant>/", student.notify, name="notify"),
    path("school/fees/", school.account, name="account"),
    path("school/fees/students/", school.students, name="students"),
    path("center/fees/", center.fees, name="center_fees"),
    path("center/fees/entries/", books.entry_list, name="entries"),
    path("center/fees/entries/export/", books.entry_export, name="entries_export"),
    path("center/fees/day-book/", books.book, name="day_book"),
    path("center/fees/day-book/export/", books.book_export, name="day_book_export"),
    path("center/fees/<int:pk>/", center.school_fees, name="center_school_fees"),
    path("center/fees/<int:pk>/reverse/<int:entry>/", center.reverse_entry, name="reverse_entry"),
    path("center/fees/resolve/<int:pk>/", center.resolve_payment, name="resolve_payment"),
    path("center/fees/refund/<int:pk>/", center.refund, name="refund"),
    path("center/fees/waivers/", waivers.waivers, name="waivers"),
    path("center/fees/waivers/export/", waivers.export, name="waivers_export"),
    path("center/fees/waivers/new/", waivers.grant, name="waiver_grant"),
    path("center/fees/waivers/<int:pk>/revoke/", waivers.revoke, name="waiver_revoke"),
    path("panels/fees/", panels.fees, name="panel_fees"),
    path("panels/fees/school/", panels.one_school, name="panel_school"),
]
