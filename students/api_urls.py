from django.urls import path

from students import api

app_name = "students_api"
urlpatterns = [
    path("students/", api.Students.as_view(), name="students"),
    path("students/<path:student_no>/", api.OneStudent.as_view(), name="student"),
    path("roster-imports/", api.Imports.as_view(), name="imports"),
    path("roster-imports/<int:pk>/", api.OneImport.as_view(), name="import"),
    path("roster-imports/<int:pk>/confirm/", api.ConfirmImport.as_view(), name="import_confirm"),
]
