"""Reads Midjourney and Niji: PNG text `Description`, a prompt with `--options` and a job's id."""

import re
from itertools import islice
from typing import Any

from .embedded import MAX_PLAIN, Embedded
from .fields import Fields
from .xmp import description

JOB = re.compile(r"Job ID:\s*+([0-9a-fA-F-]{36})\s*+$")
OPTION = re.compile(r"(?:^|\s)(?:--|—)(\w++)")
"""An option; some keyboards turn two dashes into one."""
MOST_OPTIONS = 200


def read(fields: Fields) -> Embedded | None:
    text = fields.text.get("Description") or fields.exif.get("ImageDescription") or ""
    text = text or description(fields.xmp)
    if len(text) > MAX_PLAIN:
        return None
    job = JOB.search(text)
    prompt = text[: job.start()].rstrip() if job else text
    if not job and "Author" not in fields.text:
        return None
    options = list(islice(OPTION.finditer(prompt), MOST_OPTIONS))
    if not job and not options:
        return None
    ends = [*(option.start() for option in options[1:]), len(prompt)]
    parameters: dict[str, Any] = {
        option[1]: prompt[option.end() : end].strip() or True
        for option, end in zip(options, ends, strict=False)
    }
    if job:
        parameters["job_id"] = job[1]
    version = str(parameters.get("v", parameters.get("version", "")))
    name = "niji" if "niji" in parameters else "midjourney"
    return Embedded(
        "midjourney",
        prompt[: options[0].start() if options else None].strip(),
        str(parameters.get("no", "")),
        f"{name} {parameters.get('niji', version)}".strip(),
        parameters,
    )
