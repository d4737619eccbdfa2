from django.urls import path

from schools.views import doors

app_name = "schools"
urlpatterns = [
    path("", doors.home, name="home"),
    path("door/", doors.door, name="door"),
]
