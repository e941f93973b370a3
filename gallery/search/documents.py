from collections.abc import Mapping

from django.db import models

from ..facts import ImageFacts


class SearchDocument(models.Model):
    tokens = models.TextField()

    class Meta:
        app_label = "gallery"


def update(*, before: Mapping[int, ImageFacts], after: Mapping[int, ImageFacts]) -> None:
    pass
