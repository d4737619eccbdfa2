from django.urls import path

from schools.views import dashboard, front_page, school_sheets, schools, seasons, timetable

app_name = "schools"
urlpatterns = [
    path("", front_page.home, name="home"),
    path("portal/", front_page.own_portal, name="own_portal"),
    # center
    path("center/", dashboard.dashboard, name="dashboard"),
    path("center/season/", seasons.season, name="season"),
    path("center/season/new/", seasons.season_new, name="season_new"),
    path("center/season/edit/", seasons.season_edit, name="season_edit"),
    path("center/season/days/", timetable.timetable_edit, name="timetable"),
    path("center/season/open/", seasons.season_open, name="season_open"),
    path("center/season/close/", seasons.season_close, name="season_close"),
    path("center/schools/", schools.schools, name="schools"),
    path("center/schools/new/", schools.school_new, name="school_new"),
    path("center/schools/enrol/", schools.schools_enrol, name="schools_enrol"),
    path("center/schools/export/", school_sheets.schools_export, name="schools_export"),
    path("center/schools/template/", school_sheets.schools_template, name="schools_template"),
    path("center/schools/import/", school_sheets.schools_import, name="schools_import"),
    path("center/schools/<int:pk>/", schools.school, name="school"),
    path("center/schools/<int:pk>/edit/", schools.school_edit, name="school_edit"),
    path("center/schools/<int:pk>/withdraw/", schools.school_withdraw, name="school_withdraw"),
    path("center/schools/<int:pk>/days/", timetable.exception_new, name="exception_new"),
    path("center/exceptions/<int:exception>/", timetable.exception_edit, name="exception_edit"),
    path("center/exceptions/<int:exception>/withdraw/", timetable.exception_withdraw, name="exception_withdraw"),
    # school
    path("school/", dashboard.school_home, name="school_home"),
    # both
]
