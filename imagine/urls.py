"""Routes below `/admin/imagine/`.

`apikey/` and `generation/` are left to the model pages of Django's admin site.
"""

from django.urls import path

from . import views

app_name = "imagine"

urlpatterns = [
    path("", views.imagine, name="imagine"),
    path("usage/", views.usage, name="usage"),
    path("price/", views.price, name="price"),
    path("pictures/<id:picture>/outcome/", views.outcome, name="outcome"),
    path("token/", views.token, name="token"),
]
