"""NovelAI: PNG texts `Software`, `Description` and a `Comment` of JSON; also hidden in the
lowest bits of the alpha channel (see `stealth`).
"""

from .embedded import Embedded, as_text, chosen, json_object
from .fields import Fields

SETTINGS = (
    "steps", "sampler", "seed", "scale", "strength", "noise", "width", "height", "n_samples",
)  # fmt: skip


def read(fields: Fields) -> Embedded | None:
    comment = json_object(fields.text.get("Comment", "")) or {}
    # Others write a `Comment` of JSON too; only NovelAI calls the negative prompt `uc`.
    if fields.text.get("Software") != "NovelAI" and "uc" not in comment:
        return None
    return Embedded(
        "novelai",
        as_text(fields.text.get("Description") or comment.get("prompt")),
        as_text(comment.get("uc")),
        as_text(fields.text.get("Source")),
        chosen(comment, *SETTINGS),
    )
