"""Midjourney and Niji: PNG text `Description`, a prompt with `--options` and a job's id."""

import re

from .embedded import Embedded
from .fields import Fields
from .xmp import description

JOB = re.compile(r"\s*Job ID:\s*([0-9a-fA-F-]{36})\s*$")
OPTION = re.compile(r"(?:^|\s)--(\w+)(?:\s+([^-\s]\S*))?")


def read(fields: Fields) -> Embedded | None:
    text = fields.text.get("Description") or fields.exif.get("ImageDescription") or ""
    text = text or description(fields.xmp)
    job = JOB.search(text)
    prompt = JOB.sub("", text)
    options = OPTION.findall(prompt)
    if not job and not (options and "Author" in fields.text):
        return None
    parameters = {name: value or True for name, value in options}
    if job:
        parameters["job_id"] = job[1]
    first = OPTION.search(prompt)
    version = str(parameters.get("v", parameters.get("version", "")))
    name = "niji" if "niji" in parameters else "midjourney"
    return Embedded(
        "midjourney",
        prompt[: first.start() if first else None].strip(),
        str(parameters.get("no", "")),
        f"{name} {parameters.get('niji', version)}".strip(),
        parameters,
    )
