from django.urls import path

from proofing.views import corrections, feedback, panels, proofs, student

app_name = "proofing"
urlpatterns = [
    # student
    path("me/proof/", student.proof, name="proof"),
    path("me/proof/number/", student.own_number, name="own_number"),
    path("me/proof/correction/", student.correction, name="correction"),
    path("me/proof/corrections/<int:pk>/picture/", student.evidence_picture, name="own_evidence"),
    path("me/proof/corrections/<int:pk>/evidence/", student.add_evidence, name="own_evidence_add"),
    path("me/proof/corrections/<int:pk>/withdraw/", student.withdraw, name="correction_withdraw"),
    # school
    path("school/proofs/", proofs.proof_list, name="proofs"),
    path("school/proofs/open/", proofs.open_proofreading, name="open_proofreading"),
    path("school/proofs/confirm/", proofs.confirm_for_students, name="confirm_for_students"),
    path("school/corrections/", corrections.correction_list, name="corrections"),
    path("school/corrections/<int:pk>/", corrections.correction_page, name="correction_page"),
    path("school/corrections/<int:pk>/compare/", corrections.compare, name="correction_compare"),
    path("school/corrections/<int:pk>/picture/", corrections.picture, name="correction_picture"),
    path("school/corrections/<int:pk>/evidence/", corrections.add_evidence, name="correction_evidence"),
    path("school/corrections/<int:pk>/decide/", corrections.decide, name="correction_decide"),
    path("school/students/<int:pk>/correction/", corrections.ask, name="correction_ask"),
    path("school/feedback/", feedback.school_feedback, name="feedback"),
    path("school/feedback/form.pdf", feedback.form_pdf, name="feedback_form"),
    path("school/feedback/send/", feedback.send, name="feedback_send"),
    path("school/feedback/stamped/", feedback.stamped, name="feedback_stamped"),
    # center
    path("center/corrections/", corrections.center_list, name="center_corrections"),
    path("center/corrections/<int:pk>/", corrections.center_correction_page, name="center_correction_page"),
    path("center/corrections/<int:pk>/compare/", corrections.center_compare, name="center_correction_compare"),
    path("center/corrections/<int:pk>/picture/", corrections.center_picture, name="center_correction_picture"),
    path("center/corrections/<int:pk>/evidence/", corrections.center_add_evidence, name="center_correction_evidence"),
    path("center/corrections/<int:pk>/decide/", corrections.center_decide, name="center_correction_decide"),
    path("center/students/<int:pk>/correction/", corrections.center_ask, name="center_correction_ask"),
    path("center/feedback/", feedback.inbox, name="center_feedback"),
    path("center/feedback/<int:pk>/", feedback.detail, name="center_feedback_detail"),
    path("center/feedback/<int:pk>/stamped/", feedback.center_stamped, name="center_feedback_stamped"),
    path("center/feedback/<int:pk>/accept/", feedback.accept, name="feedback_accept"),
    path("center/feedback/<int:pk>/send-back/", feedback.send_back, name="feedback_send_back"),
    # overviews
    path("panels/proofing/feedback/", panels.feedback, name="panel_feedback"),
    path("panels/proofing/unprintable/", proofs.unprintable, name="panel_unprintable"),
]
