"""Writes the texts of pictures: edited by a person, or read again from their files."""

import json
from collections.abc import Mapping
from typing import Any

from ..facts import DERIVED, ImageFacts
from ..files.metadata import Embedded
from ..models import Image
from ..soundness import MAX_MODEL_LENGTH, MAX_PROMPT_LENGTH

AT_ONCE = 50
"""Rows of one statement: their texts are long."""

COLUMNS = ("prompt", "prompt_source", "model", "metadata", *DERIVED)


def write(before: Mapping[int, ImageFacts], after: Mapping[int, ImageFacts]) -> None:
    """Write the texts of these facts to their rows, inside a job. The facts must have `written`.

    It costs one query, and one more for every `AT_ONCE` pictures whose texts differ.
    """
    new = [pk for pk, facts in after.items() if facts.told != before[pk].told]
    rows = list(Image.objects.filter(pk__in=new)) if new else []
    for row in rows:
        facts = after[row.pk]
        if facts.written is not None:
            row.prompt, row.prompt_source = facts.written
        row.model = facts.model
        row.metadata = with_embedded(row.metadata, facts.embedded)
        row.derive()
    if rows:
        Image.objects.bulk_update(rows, COLUMNS, batch_size=AT_ONCE)


def told_by(found: Embedded) -> tuple[str, str]:
    """Return prompt and model that a file names, cut to what a row can hold."""
    return found.prompt[:MAX_PROMPT_LENGTH], found.model[:MAX_MODEL_LENGTH]


def as_json(said: Mapping[str, Any]) -> str:
    """Return what a file says in the form of `ImageFacts.embedded`."""
    return json.dumps(said, ensure_ascii=False)


def with_embedded(metadata: Any, embedded: str | None) -> Any:
    """Return a picture's metadata with this JSON as what its file says; a list, say, is kept."""
    if metadata is None:  # as older releases may have kept it
        metadata = {}
    if not isinstance(metadata, dict):
        return metadata
    rest = {name: value for name, value in metadata.items() if name != "embedded"}
    return rest | ({"embedded": json.loads(embedded)} if embedded else {})


def with_prompt(facts: ImageFacts, prompt: str) -> ImageFacts:
    """Return the facts with a prompt that a person has written, or unchanged if it is the same."""
    if facts.written is None or facts.written[0] == prompt:
        return facts
    return facts.with_text("written", (prompt, Image.PromptSource.PERSON.value))
