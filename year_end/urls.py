from django.urls import path

from year_end.views import center, school

app_name = "year_end"
urlpatterns = [
    # school
    path("school/bulletin/", school.bulletin, name="bulletin"),
    path("school/bulletin/files/<str:name>/", school.bulletin_file, name="bulletin_file"),
    path("school/ranking-rules/", school.rules, name="ranking_rules"),
    # center
    path("center/year-end/", center.year_end, name="year_end"),
    path("center/year-end/rank/", center.rank, name="year_rank"),
    path("center/year-end/rules/", center.rules, name="rules"),
    path("center/year-end/documents/<str:name>/", center.document, name="year_document"),
    path("center/year-end/awards/<int:pk>/", center.award, name="award"),
    path("center/year-end/bulletin/", center.bulletin, name="center_bulletin"),
    # overviews
    path("panels/year-end/commended/", school.commended, name="panel_commended"),
]
