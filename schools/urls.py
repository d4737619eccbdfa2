from django.urls import path

from schools.views import dashboard, front_page, group_messages, notices, school_sheets, schools, seasons, timetable

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
    path("center/season/archive/", seasons.season_archive, name="season_archive"),
    path("center/season/take-out/", seasons.season_take_out, name="season_take_out"),
    path("center/schools/", schools.schools, name="schools"),
    path("center/schools/new/", schools.school_new, name="school_new"),
    path("center/schools/enrol/", schools.schools_enrol, name="schools_enrol"),
    path("center/schools/message/", group_messages.schools_message, name="schools_message"),
    path("center/schools/export/", school_sheets.schools_export, name="schools_export"),
    path("center/schools/template/", school_sheets.schools_template, name="schools_template"),
    path("center/schools/import/", school_sheets.schools_import, name="schools_import"),
    path("center/schools/<int:pk>/", schools.school, name="school"),
    path("center/schools/<int:pk>/edit/", schools.school_edit, name="school_edit"),
    path("center/schools/<int:pk>/withdraw/", schools.school_withdraw, name="school_withdraw"),
    path("center/schools/<int:pk>/days/", timetable.exception_new, name="exception_new"),
    path("center/exceptions/<int:exception>/", timetable.exception_edit, name="exception_edit"),
    path("center/exceptions/<int:exception>/withdraw/", timetable.exception_withdraw, name="exception_withdraw"),
    path("center/notices/", notices.center_notices, name="center_notices"),
    path("center/notices/new/", notices.notice_new, name="notice_new"),
    path("center/notices/<int:pk>/", notices.center_notice, name="center_notice"),
    path("center/notices/<int:pk>/edit/", notices.notice_edit, name="notice_edit"),
    path("center/notices/<int:pk>/publish/", notices.notice_publish, name="notice_publish"),
    path("center/notices/<int:pk>/withdraw/", notices.notice_withdraw, name="notice_withdraw"),
    path("center/notices/<int:pk>/remind/", notices.notice_remind, name="notice_remind"),
    path("center/notices/<int:pk>/export/", notices.notice_export, name="notice_export"),
    path("center/notices/<int:pk>/print/", notices.center_notice_print, name="center_notice_print"),
    path("center/notices/<int:pk>/files/", notices.notice_attach, name="notice_attach"),
    path("center/notices/<int:pk>/files/<int:file>/", notices.center_notice_file, name="center_notice_file"),
    path("center/notices/<int:pk>/files/<int:file>/drop/", notices.notice_drop_file, name="notice_drop_file"),
    # school
    path("school/notices/", notices.notices, name="notices"),
    path("school/notices/<int:pk>/", notices.notice, name="notice"),
    path("school/notices/<int:pk>/confirm/", notices.notice_confirm, name="notice_confirm"),
    path("school/notices/<int:pk>/print/", notices.notice_print, name="notice_print"),
    path("school/notices/<int:pk>/files/<int:file>/", notices.notice_file, name="notice_file"),
    path("school/", dashboard.school_home, name="school_home"),
    # both
]
