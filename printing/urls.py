from django.urls import path

from printing.views import center, handover, orders, panels, prints

app_name = "printing"
urlpatterns = [
    # student
    # school
    path("school/prints/", prints.prints, name="prints"),
    path("school/prints/portraits/", prints.archive, name="archive"),
    path("school/prints/portraits/by-number/", prints.archive_by_number, name="archive_by_number"),
    path("school/prints/<int:pk>/contents.pdf", prints.contents, name="contents"),
    path("school/shipments/<int:pk>/receive/", prints.receive, name="receive"),
    path("school/shipments/<int:pk>/sheets/", prints.parcel, name="parcel"),
    path("school/sheet-reports/<int:pk>/withdraw/", prints.withdraw, name="withdraw"),
    # center
    path("center/printing/", center.runs, name="center_runs"),
    path("center/printing/again/", center.again, name="again"),
    path("center/printing/again/order/", orders.order_again, name="order_again"),
    path("center/printing/order/", orders.order, name="runs_order"),
    path("center/printing/orders/<int:pk>/", orders.print_order, name="print_order"),
    path("center/printing/<int:pk>/", center.run, name="center_run"),
    path("center/printing/<int:pk>/act/", center.act, name="run_act"),
    path("center/printing/<int:pk>/ship/", center.ship, name="ship"),
    path("center/printing/<int:pk>/contents.pdf", center.contents, name="center_contents"),
    path("center/volumes/<int:pk>/", center.volume, name="volume"),
    path("center/enrolments/<int:pk>/portraits/", prints.center_archive, name="center_archive"),
    path(
        "center/enrolments/<int:pk>/portraits/by-number/",
        prints.center_archive_by_number,
        name="center_archive_by_number",
    ),
    path("center/shipments/", center.shipments, name="center_shipments"),
    path("center/handover/", handover.schools, name="handover"),
    path("center/handover/receiver/", handover.receiver, name="handover_receiver"),
    path("center/handover/schools/<int:pk>/", handover.school, name="handover_school"),
    path("center/handover/schools/<int:pk>/make/", handover.make, name="handover_make"),
    path("center/handover/packages/<int:pk>/again/", handover.again, name="handover_again"),
    path("center/handover/packages/<int:pk>/sent/", handover.sent, name="handover_sent"),
    path("center/handover/packages/<int:pk>/receipt/", handover.receipt, name="handover_receipt"),
    # overviews
    path("panels/printing/runs/", panels.printing, name="panel_printing"),
    path("panels/printing/next/", panels.next_step, name="panel_next"),
    path("panels/printing/school/", panels.school, name="panel_school"),
]
