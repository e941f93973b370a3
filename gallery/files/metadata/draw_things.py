"""Reads Draw Things: JSON in the `exif:UserComment` of the file's XMP."""

from .embedded import Embedded, as_text, json_object
from .fields import Fields
from .xmp import user_comment


def read(fields: Fields) -> Embedded | None:
    found = json_object(user_comment(fields.xmp)) or {}
    if "c" not in found:
        return None
    return Embedded(
        "draw_things",
        as_text(found["c"]),
        as_text(found.get("uc")),
        as_text(found.get("model")),
        {key: value for key, value in found.items() if key not in ("c", "uc", "v2")},
    )
