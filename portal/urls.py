from django.urls import path

from portal.views import (
    counters,
    deliveries,
    history,
    inbox,
    jobs,
    looks,
    notification_choices,
    notification_texts,
    people,
    retention,
    sessions,
    visits,
)

app_name = "portal"
urlpatterns = [
    # center
    path("center/people/", people.center_people, name="center_people"),
    path("center/history/", history.center_history, name="history"),
    path("center/retention/", retention.retention_page, name="retention"),
    path("center/deliveries/", deliveries.delivery_list, name="deliveries"),
    path("center/deliveries/again/", deliveries.send_again, name="deliveries_again"),
    path("center/deliveries/texts/", notification_texts.text_list, name="notification_texts"),
    path("center/deliveries/texts/edit/", notification_texts.text_edit, name="notification_text"),
    path("center/looks/", looks.center_looks, name="center_looks"),
    path("center/messages/", inbox.message_list, name="center_messages"),
    # school
    path("school/people/", people.school_people, name="school_people"),
    path("school/messages/", inbox.message_list, name="messages"),
    path("school/messages/read/", inbox.read_all, name="messages_read"),
    path("school/messages/<int:message>/", inbox.open_message, name="message"),
    path("school/history/", history.school_history, name="school_history"),
    path("school/looks/", looks.school_looks, name="school_looks"),
    # both
    path("visits/<int:pk>/", visits.visit, name="visit"),
    path("visits/end/", visits.visit_end, name="visit_end"),
    path("people/permissions/", people.permission_table, name="permissions"),
    path("people/sessions/", sessions.session_list, name="sessions"),
    path("people/notifications/", notification_choices.notification_choices, name="notification_choices"),
    path("people/sessions/end/", sessions.sessions_end_others, name="sessions_end_others"),
    path("people/sessions/<int:sign_in>/end/", sessions.session_end, name="session_end"),
    path("people/new/", people.person_new, name="person_new"),
    path("people/<int:member>/", people.person, name="person"),
    path("people/<int:member>/link/", people.person_link, name="person_link"),
    path("people/<int:member>/second-step/", people.person_second_factor, name="person_second_factor"),
    path("people/<int:member>/sessions/end/", people.person_sessions_end, name="person_sessions_end"),
    path("people/<int:member>/switch/", people.person_switch, name="person_switch"),
    path("people/<int:member>/contact/", people.person_contact, name="person_contact"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job"),
    path("jobs/<int:pk>/file/", jobs.job_file, name="job_file"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job_retry"),
    path("jobs/<int:pk>/dismiss/", jobs.job_dismiss, name="job_dismiss"),
    path("panels/counters/", counters.panel_counters, name="panel_counters"),
    path("panels/jobs/", jobs.panel_jobs, name="panel_jobs"),
]
