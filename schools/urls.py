from django.urls import path

from schools.views import dashboard, days, doors, history, inbox, jobs, people, school_sheets, schools, seasons

app_name = "schools"
urlpatterns = [
    path("", doors.home, name="home"),
    path("door/", doors.door, name="door"),
    # center
    path("center/", dashboard.dashboard, name="dashboard"),
    path("center/season/", seasons.season, name="season"),
    path("center/season/new/", seasons.season_new, name="season_new"),
    path("center/season/<int:year>/", seasons.season, name="season_of"),
    path("center/season/<int:year>/edit/", seasons.season_edit, name="season_edit"),
    path("center/season/<int:year>/days/", days.timetable, name="timetable"),
    path("center/season/<int:year>/open/", seasons.season_open, name="season_open"),
    path("center/season/<int:year>/close/", seasons.season_close, name="season_close"),
    path("center/schools/", schools.schools, name="schools"),
    path("center/schools/new/", schools.school_new, name="school_new"),
    path("center/schools/enrol/", schools.schools_enrol, name="schools_enrol"),
    path("center/schools/export/", school_sheets.schools_export, name="schools_export"),
    path("center/schools/template/", school_sheets.schools_template, name="schools_template"),
    path("center/schools/import/", school_sheets.schools_import, name="schools_import"),
    path("center/schools/<int:pk>/", schools.school, name="school"),
    path("center/schools/<int:pk>/edit/", schools.school_edit, name="school_edit"),
    path("center/schools/<int:pk>/withdraw/", schools.school_withdraw, name="school_withdraw"),
    path("center/schools/<int:pk>/days/", days.exception_new, name="exception_new"),
    path("center/exceptions/<int:exception>/", days.exception_edit, name="exception_edit"),
    path("center/exceptions/<int:exception>/withdraw/", days.exception_withdraw, name="exception_withdraw"),
    path("center/people/", people.center_people, name="center_people"),
    path("center/history/", history.history, name="history"),
    # school
    path("school/", dashboard.school_home, name="school_home"),
    path("school/people/", people.school_people, name="school_people"),
    path("school/messages/", inbox.inbox, name="messages"),
    path("school/messages/read/", inbox.read_all, name="messages_read"),
    path("school/messages/<int:message>/", inbox.open_message, name="message"),
    path("school/history/", history.school_history, name="school_history"),
    # both
    path("people/new/", people.person_new, name="person_new"),
    path("people/<int:member>/", people.person, name="person"),
    path("people/<int:member>/link/", people.person_link, name="person_link"),
    path("people/<int:member>/switch/", people.person_switch, name="person_switch"),
    path("people/<int:member>/contact/", people.person_contact, name="person_contact"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/file/", jobs.job_file, name="job_file"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job_retry"),
    path("panels/jobs/", jobs.panel_jobs, name="panel_jobs"),
]
