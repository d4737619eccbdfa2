from django.urls import path

from students.views import clashes, erasure, headings, imports, lists, notices, panels, records

app_name = "students"
urlpatterns = [
    path("school/roster/", lists.roster, name="roster"),
    path("school/roster/export/", lists.roster_export, name="roster_export"),
    path("school/roster/export/clear/", lists.roster_export_in_clear, name="roster_export_in_clear"),
    path("school/roster/remove/", lists.students_remove, name="students_remove"),
    path("school/roster/template/", imports.roster_template, name="roster_template"),
    path("school/roster/headings/", headings.remembered, name="remembered_headings"),
    path("school/roster/import/", imports.roster_import, name="roster_import"),
    path("school/roster/import/<int:pk>/", imports.roster_import_detail, name="roster_import_detail"),
    path("school/roster/import/<int:pk>/headings/", headings.roster_headings, name="roster_headings"),
    path("school/roster/import/<int:pk>/confirm/", imports.roster_confirm, name="roster_confirm"),
    path("school/roster/import/<int:pk>/drop/", imports.roster_drop, name="roster_drop"),
    path("school/roster/import/<int:pk>/wrong/", imports.roster_wrong, name="roster_wrong"),
    path("school/roster/add/", records.student_add, name="student_add"),
    path("school/roster/<int:pk>/", records.student, name="student"),
    path("school/roster/<int:pk>/edit/", records.student_edit, name="student_edit"),
    path("school/roster/<int:pk>/reveal/", records.student_reveal, name="student_reveal"),
    path("center/students/", lists.center_students, name="center_students"),
    path("center/number-clashes/", clashes.wanted_numbers, name="number_clashes"),
    path("center/number-clashes/<int:pk>/settle/", clashes.settle, name="number_clashes_settle"),
    path("center/students/export/", lists.center_export, name="center_export"),
    path("center/students/<int:pk>/", records.center_student, name="center_student"),
    path("center/students/<int:pk>/erase/", erasure.erase, name="center_student_erase"),
    path("center/students/<int:pk>/reveal/", records.center_student_reveal, name="center_student_reveal"),
    path("me/notices/", notices.notices, name="own_notices"),
    path("me/notices/<int:pk>/", notices.notice, name="own_notice"),
    path("me/notices/<int:pk>/confirm/", notices.notice_confirm, name="own_notice_confirm"),
    path("me/notices/<int:pk>/files/<int:file>/", notices.notice_file, name="own_notice_file"),
    path("panels/students/figures/", panels.figures, name="panel_figures"),
    path("panels/students/matrix/", panels.matrix, name="panel_matrix"),
    path("panels/students/schools/", panels.schools, name="panel_schools"),
    path("panels/students/classes/", panels.classes, name="panel_classes"),
    path("panels/students/school/", panels.school, name="panel_school"),
]
