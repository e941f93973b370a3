"""The search index: derived from the pictures' rows, moved with them, rebuilt at will."""

from .building import update

__all__ = ["update"]
