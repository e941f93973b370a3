"""Paints sample pictures: poster-like illustrations of a prompt's words, without a model.

It needs Pillow and the standard library only. The same prompt, size and seed give the same bytes;
every picture carries the mark SAMPLE.
"""

from .picture import paint, paint_steps, size_for

__all__ = ["paint", "paint_steps", "size_for"]
