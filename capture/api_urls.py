from django.urls import path

from capture import api

app_name = "api"
urlpatterns = [
    path("me/sign-in/", api.SignIn.as_view(), name="signin"),
    path("me/appearing/", api.Appearing.as_view(), name="appearing"),
    path("me/sign-out/", api.SignOut.as_view(), name="signout"),
    path("me/", api.Me.as_view(), name="me"),
    path("me/consent/", api.Consent.as_view(), name="consent"),
    path("me/photos/", api.Photos.as_view(), name="photos"),
    path("me/photos/current/", api.CurrentPhoto.as_view(), name="current_photo"),
    path("me/photos/current/appeal/", api.Appeal.as_view(), name="appeal"),
    path("me/photos/<int:pk>/portrait/", api.Portrait.as_view(), name="portrait"),
    path("me/exemption/", api.Exemption.as_view(), name="exemption"),
    path("me/submission/", api.Submission.as_view(), name="submission"),
]
