from django.urls import path

from printing.views import center, feedback, panels, prints, proofs, student, year

app_name = "printing"
urlpatterns = [
    # student
    path("me/proof/", student.proof, name="proof"),
    path("me/proof/number/", student.own_number, name="own_number"),
    path("me/proof/correction/", student.correction, name="correction"),
    # school
    path("school/proofs/", proofs.proofs, name="proofs"),
    path("school/proofs/open/", proofs.open_proofreading, name="open_proofreading"),
    path("school/proofs/settle/", proofs.settle, name="settle"),
    path("school/corrections/", proofs.corrections, name="corrections"),
    path("school/corrections/<int:pk>/", proofs.decide, name="correction_decide"),
    path("school/corrections/<int:pk>/reveal/", proofs.reveal, name="correction_reveal"),
    path("school/feedback/", feedback.school_feedback, name="feedback"),
    path("school/feedback/form.pdf", feedback.form_pdf, name="feedback_form"),
    path("school/feedback/send/", feedback.send, name="feedback_send"),
    path("school/feedback/stamped/", feedback.stamped, name="feedback_stamped"),
    path("school/prints/", prints.prints, name="prints"),
    path("school/prints/portraits.zip", prints.archive, name="archive"),
    path("school/prints/<int:pk>/contents.pdf", prints.contents, name="contents"),
    path("school/shipments/<int:pk>/receive/", prints.receive, name="receive"),
    path("school/bulletin/", prints.bulletin, name="bulletin"),
    # center
    path("center/feedback/", feedback.inbox, name="center_feedback"),
    path("center/feedback/<int:pk>/", feedback.detail, name="center_feedback_detail"),
    path("center/feedback/<int:pk>/stamped/", feedback.center_stamped, name="center_feedback_stamped"),
    path("center/feedback/<int:pk>/accept/", feedback.accept, name="feedback_accept"),
    path("center/feedback/<int:pk>/send-back/", feedback.send_back, name="feedback_send_back"),
    path("center/printing/", center.runs, name="center_runs"),
    path("center/printing/order/", center.order, name="runs_order"),
    path("center/printing/<int:pk>/", center.run, name="center_run"),
    path("center/printing/<int:pk>/act/", center.act, name="run_act"),
    path("center/printing/<int:pk>/ship/", center.ship, name="ship"),
    path("center/printing/<int:pk>/contents.pdf", center.contents, name="center_contents"),
    path("center/volumes/<int:pk>/", center.volume, name="volume"),
    path("center/enrolments/<int:pk>/portraits.zip", prints.center_archive, name="center_archive"),
    path("center/shipments/", center.shipments, name="center_shipments"),
    path("center/year-end/", year.year_end, name="year_end"),
    path("center/year-end/rank/", year.rank, name="year_rank"),
    path("center/year-end/export/", year.export, name="year_export"),
    path("center/year-end/awards/<int:pk>/", year.award, name="award"),
    path("center/year-end/bulletin/", year.bulletin, name="center_bulletin"),
    # overviews
    path("panels/printing/feedback/", panels.feedback, name="panel_feedback"),
    path("panels/printing/runs/", panels.printing, name="panel_printing"),
    path("panels/printing/next/", panels.next_step, name="panel_next"),
    path("panels/printing/examples/", panels.excellent, name="panel_examples"),
    path("panels/printing/unprintable/", proofs.unprintable, name="panel_unprintable"),
    path("panels/printing/school/", panels.school, name="panel_school"),
]
