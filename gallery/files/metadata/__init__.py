"""Reads and writes prompts in picture files: one reader for each tool, one writer, bytes to
bytes."""

from .embedded import PARSER_VERSION, Embedded
from .reading import read, read_again
from .writing import Description, SourceType, embed, strip

__all__ = [
    "PARSER_VERSION", "Description", "Embedded", "SourceType", "embed", "read", "read_again",
    "strip",
]  # fmt: skip
