"""Checks what must hold of a library at rest, in a stopped server's environment.

`python -m tests.campaign.audit` cleans up, takes strays in, and prints its findings as JSON.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.server import ROOT

WORD = "campaign"
"""What every prompt of the campaign holds."""

AGED = 3600
"""Seconds that files are made older, so that clean-up does not take them for being written."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Counts; all but `pictures`, `taken_in` and `leftovers` must be 0."""

    pictures: int
    taken_in: int  # whole files whose row had not been written yet
    leftovers: int  # parts of files and thumbnails, now deleted
    orphans: int  # rows without file
    damaged: int  # files that are not the bytes of their row
    without_thumbnail: int  # though clean-up makes those that a kill came before
    strays: int  # files without row after all that
    wrong_counters: int
    unfindable: int  # pictures that the search index does not know, or knows wrongly

    @property
    def flawless(self) -> bool:
        return not (
            self.orphans or self.damaged or self.without_thumbnail or self.strays
            or self.wrong_counters or self.unfindable
        )  # fmt: skip


def audit(environment: dict[str, str]) -> Findings:
    """Return the findings of the library of a stopped server with this environment."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaign.audit"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    return Findings(**json.loads(done.stdout.splitlines()[-1]))


def _examine() -> dict[str, Any]:
    from django.conf import settings
    from django.core.files.storage import default_storage

    from gallery.maintenance import cleanup, upkeep
    from gallery.maintenance.scanning import scan_storage
    from gallery.models import Image

    media = Path(settings.MEDIA_ROOT)
    for path in files_in(media):
        moment = path.stat().st_mtime - AGED
        os.utime(path, (moment, moment))
    report = cleanup.clean_up(force=True)
    taken_in = [each for each in scan_storage() if each.image_id is not None]
    damaged = without_thumbnail = 0
    names = set()
    for image in Image.objects.all():
        names |= {image.file.name, image.thumbnail.name}
        without_thumbnail += not default_storage.exists(image.thumbnail.name)
        with default_storage.open(image.file.name) as file:
            damaged += hashlib.sha256(file.read()).hexdigest() != image.content_hash
    files = {path.relative_to(media).as_posix() for path in files_in(media)}
    return {
        "pictures": Image.objects.count(),
        "taken_in": len(taken_in),
        "leftovers": len(report.leftovers),
        "orphans": len(report.orphans),
        "damaged": damaged,
        "without_thumbnail": without_thumbnail,
        "strays": len(files - names),
        "wrong_counters": len(upkeep.check_counters(lambda _done, _total: None)),
        "unfindable": _unfindable(),
    }


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _unfindable() -> int:
    """Return the pictures that a search by tag or word wrongly finds or misses."""
    from gallery.index.criteria import Criteria, Word
    from gallery.models import Image, Tag
    from gallery.search.listing import find_page

    in_library = Image.objects.in_library()
    questions = [
        (Criteria(tags=(frozenset({tag.pk}),)), in_library.filter(tags=tag))
        for tag in Tag.objects.all()
    ]
    word = Criteria(words=(Word(WORD),))
    questions.append((word, in_library.filter(prompt_folded__contains=WORD)))
    wrong: set[int] = set()
    for criteria, expected in questions:
        found = find_page(criteria, page_size=1_000_000).ids
        wrong |= set(found) ^ set(expected.values_list("pk", flat=True))
    return len(wrong)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grok2api.settings")
    import django

    django.setup()
    print(json.dumps(_examine()))  # noqa: T201
