from django.urls import path

from year_end.views import center, school

app_name = "year_end"
urlpatterns = [
    # school
    path("school/bulletin/", school.bulletin, name="bulletin"),
    # center
    path("center/year-end/", center.year_end, name="year_end"),
    path("center/year-end/rank/", center.rank, name="year_rank"),
    path("center/year-end/export/", center.export, name="year_export"),
    path("center/year-end/awards/<int:pk>/", center.award, name="award"),
    path("center/year-end/bulletin/", center.bulletin, name="center_bulletin"),
    # overviews
    path("panels/year-end/commended/", school.commended, name="panel_commended"),
]
