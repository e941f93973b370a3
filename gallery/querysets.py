"""Reads over many rows. Chainable; never writes."""

from django.db import models


class TagQuerySet(models.QuerySet):
    pass


class ImageQuerySet(models.QuerySet):
    def in_library(self):
        return self.filter(trashed_at=None)
