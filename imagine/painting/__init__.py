"""Sample pictures: poster-like illustrations painted from a prompt's words, without a model.

Pure: Pillow and the standard library alone. The same prompt, size and seed give the same
bytes; every picture carries the mark SAMPLE.
"""

from .picture import paint, paint_steps, size_for

__all__ = ["paint", "paint_steps", "size_for"]
