from django.urls import path

from proofing.views import feedback, panels, proofs, student

app_name = "proofing"
urlpatterns = [
    # student
    path("me/proof/", student.proof, name="proof"),
    path("me/proof/number/", student.own_number, name="own_number"),
    path("me/proof/correction/", student.correction, name="correction"),
    # school
    path("school/proofs/", proofs.proof_list, name="proofs"),
    path("school/proofs/open/", proofs.open_proofreading, name="open_proofreading"),
    path("school/proofs/confirm/", proofs.confirm_for_students, name="confirm_for_students"),
    path("school/corrections/", proofs.correction_list, name="corrections"),
    path("school/corrections/<int:pk>/", proofs.decide, name="correction_decide"),
    path("school/corrections/<int:pk>/reveal/", proofs.reveal, name="correction_reveal"),
    path("school/feedback/", feedback.school_feedback, name="feedback"),
    path("school/feedback/form.pdf", feedback.form_pdf, name="feedback_form"),
    path("school/feedback/send/", feedback.send, name="feedback_send"),
    path("school/feedback/stamped/", feedback.stamped, name="feedback_stamped"),
    # center
    path("center/feedback/", feedback.inbox, name="center_feedback"),
    path("center/feedback/<int:pk>/", feedback.detail, name="center_feedback_detail"),
    path("center/feedback/<int:pk>/stamped/", feedback.center_stamped, name="center_feedback_stamped"),
    path("center/feedback/<int:pk>/accept/", feedback.accept, name="feedback_accept"),
    path("center/feedback/<int:pk>/send-back/", feedback.send_back, name="feedback_send_back"),
    # overviews
    path("panels/proofing/feedback/", panels.feedback, name="panel_feedback"),
    path("panels/proofing/unprintable/", proofs.unprintable, name="panel_unprintable"),
]
