"""No answer that writes asks the database more than twelve times, however many pictures, but for
those few that need one more to record what can be undone.

BEGIN and COMMIT do not count, and under a test the outermost savepoints stand for them. Savepoints
inside of a transaction count.
"""

import io
import itertools
import json
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gallery.jobs import removal, tagging
from gallery.models import Image, Tag
from gallery.tests.drawing import draw
from imagine import keys
from imagine.models import ApiKey, Generation

MOST = 12
MORE = {
    **dict.fromkeys([
        "change", "tags", "merge tag", "tags, script", "change, admin site",
        "delete, admin site", "delete many, admin site", "merge tag, admin site",
        "delete tag, admin site", "delete tags, admin site",
    ], 1),
    "undo of tags": 2,
    "empty trash, form": 3,  # it must be what was asked about
}  # fmt: skip
"""Those that asked all their twelve already, and since then record what was before or, where
pictures are deleted, purge that. An undo must see what was changed since, and lock the tags."""
EACH = 8
"""For each file of an archive or of the media folder, which has a transaction of its own."""
API = "/api/v1/admin/gallery/"
_numbers = itertools.count(1)


@dataclass
class Library:
    """Pictures, some of them in the trash, and what somebody does with them.

    All have the tags x and y, those outside the trash z, too; each library has tags of its own.
    """

    browser: Client
    number: int
    images: list[Image]
    trashed: list[Image]
    tag_ids: dict[str, int]
    key: ApiKey
    change: int | None = None  # to be undone
    asked: dict[str, str] = field(
        default_factory=dict
    )  # what was asked before the trash is emptied

    def names(self, letters: str) -> list[str]:
        """Names of its tags; m and n are new ones."""
        return [f"{letter}{self.number}" for letter in letters]

    def line(self, letters: str) -> str:
        return ",".join(self.names(letters))

    @property
    def selection(self) -> dict[str, Any]:
        return {"image_ids": [image.pk for image in self.images]}

    @property
    def in_trash(self) -> list[int]:
        return [image.pk for image in self.trashed]

    def send(self, path: str, body: Any, method: str = "post") -> Any:
        call = getattr(self.browser, method)
        return call(API + path.format(**self.places), json.dumps(body), "application/json")

    def delete(self, path: str) -> Any:
        return self.browser.delete(API + path.format(**self.places))

    def form(self, path: str, script: bool = False, **fields: Any) -> Any:
        headers = {"HX-Request": "true"} if script else {}
        return self.browser.post(f"/admin/{path.format(**self.places)}", fields, headers=headers)

    def act(self, path: str, action: str, **fields: Any) -> Any:
        """An action of the admin site on all pictures, or on what the fields say."""
        selected = {"_selected_action": self.selection["image_ids"]}
        return self.form(f"gallery/{path}", action=action, **{**selected, **fields})

    def upload(self, data: bytes) -> Any:
        file = SimpleUploadedFile("a.png", data)
        return self.browser.post(f"{API}images/", {"file": file, "tags": self.line("lmn")})

    @property
    def places(self) -> dict[str, Any]:
        image, trashed = self.images[0].pk, self.trashed[0].pk
        return {"image": image, "trashed": trashed, "key": self.key.pk, **self.tag_ids}


def picture(number: int) -> bytes:
    return draw(color=f"#{number:06x}", format="PNG")


ANSWERS = {
    "upload": lambda it: it.upload(picture(900_000 + it.number)),
    "upload again": lambda it: it.upload(picture(10 * it.number)),
    "change": lambda it: it.send(
        "images/{image}/", {"favorite": True, "nsfw": True, "tags": it.names("mnx")}, "patch"
    ),
    "tags": lambda it: it.send("images/{image}/tags/", {"tags": it.names("mnx")}),
    "delete": lambda it: it.delete("images/{image}/"),
    "delete many": lambda it: it.send("images/delete/", it.selection),
    "trash many": lambda it: it.send("images/trash/", it.selection),
    "trash found": lambda it: it.send(
        "images/trash/",
        {"filter": {"search": "cat model:m", "model": "m", "tags": it.line("xy")}},
    ),
    "restore many": lambda it: it.send("images/restore/", {"image_ids": it.in_trash}),
    "favorite many": lambda it: it.send("images/favorite/", it.selection),
    "nsfw many": lambda it: it.send("images/nsfw/", it.selection),
    "tag many": lambda it: it.send(
        "images/tags/", {**it.selection, "add": it.names("mn"), "remove": it.names("xy")}
    ),
    "rename tag": lambda it: it.send("tags/{x}/", {"name": it.line("m")}, "patch"),
    "merge tag": lambda it: it.send("tags/{x}/", {"name": it.line("z")}, "patch"),
    "delete tag": lambda it: it.delete("tags/{x}/"),
    "scan of nothing": lambda it: it.send("scan/", {}),
    "tags, form": lambda it: it.form(
        "gallery/images/{image}/tags/", add=it.line("mn"), remove=it.names("xy")
    ),
    "tags, script": lambda it: it.form(
        "gallery/images/{image}/tags/", script=True, add=it.line("mn"), remove=it.names("xy")
    ),
    "favorite, form": lambda it: it.form("gallery/images/{image}/favorite/"),
    "sensitive, form": lambda it: it.form("gallery/images/{image}/sensitive/"),
    "trash, form": lambda it: it.form("gallery/images/{image}/delete/"),
    "delete, form": lambda it: it.form("gallery/images/{image}/delete/", how="forever"),
    "restore, form": lambda it: it.form("gallery/images/{trashed}/restore/"),
    "empty trash, form": lambda it: it.form("gallery/trash/empty/", **it.asked),
    "show sensitive, form": lambda it: it.form("gallery/sensitive/", sensitive="show"),
    "language, form": lambda it: it.form("language/", language="en"),
    "page token": lambda it: it.form("imagine/token/"),
    "change, admin site": lambda it: it.form(
        "gallery/image/{image}/change/", tag_names=it.line("mn"), favorite="on"
    ),
    "delete, admin site": lambda it: it.form("gallery/image/{image}/delete/", post="yes"),
    "favorite many, admin site": lambda it: it.act("image/", "make_favorite"),
    "trash many, admin site": lambda it: it.act("image/?model=m", "move_to_trash"),
    "restore many, admin site": lambda it: it.act(
        "image/?trash=only", "restore_from_trash", _selected_action=it.in_trash
    ),
    "delete many, admin site": lambda it: it.act("image/", "delete_selected", post="yes"),
    "delete many? admin site": lambda it: it.act("image/", "delete_selected"),
    "rename tag, admin site": lambda it: it.form("gallery/tag/{x}/change/", name=it.line("m")),
    "merge tag, admin site": lambda it: it.form("gallery/tag/{x}/change/", name=it.line("z")),
    "delete tag, admin site": lambda it: it.form("gallery/tag/{x}/delete/", post="yes"),
    "delete tags, admin site": lambda it: it.act(
        "tag/", "delete_selected", post="yes", _selected_action=list(it.tag_ids.values())
    ),
    "create key": lambda it: it.form("imagine/apikey/add/", name="new"),
    "change key": lambda it: it.form("imagine/apikey/{key}/change/", name="new"),
    "revoke key": lambda it: it.form(
        "imagine/apikey/", action="revoke", _selected_action=it.key.pk
    ),
    "undo of tags": lambda it: it.send(f"changes/{it.change}/undo/", {}),
    "undo of the trash": lambda it: it.send(f"changes/{it.change}/undo/", {}),
    "login": lambda it: Client().post("/admin/login/", USER),
    "logout": lambda it: it.form("logout/"),
}
DONE = {
    "undo of tags": lambda it: tagging.change_tags(
        image_ids=it.selection["image_ids"], add=it.names("mn"), remove=it.names("xy")
    ),
    "undo of the trash": lambda it: removal.trash_images(image_ids=it.selection["image_ids"]),
}
"""What is done before, to be undone."""
USER = {"username": "admin", "password": "password"}


def library(browser: Client, add_image: Any, rows: int) -> Library:
    number = next(_numbers)
    both, one = ([f"{letter}{number}" for letter in letters] for letters in ("xy", "xyz"))
    images = [
        add_image(data=picture(10 * number + row), prompt="a cat", model="m", tags=one)
        for row in range(rows)
    ]
    trashed = [add_image(prompt="a dog", tags=both) for _ in range(rows)]
    removal.trash_images(image_ids=[image.pk for image in trashed])
    made = Generation.objects.create(prompt="a cat", n=1, model="m", provider="sample")
    made.images.set(images)
    call_command("rebuild_search")
    tags = Tag.objects.filter(name__in=one).values_list("name", "pk")
    key, _ = keys.create_api_key(name=f"key {number}")
    tag_ids = {name.removesuffix(str(number)): pk for name, pk in tags}
    return Library(browser, number, images, trashed, tag_ids, key)


def count(queries: CaptureQueriesContext) -> int:
    """Queries, with the savepoints inside of transactions."""
    depth = counted = 0
    for query in queries:
        words = query["sql"].split()
        if words[0] == "SAVEPOINT":
            depth += 1
            counted += depth > 1
        elif words[0] in ("RELEASE", "ROLLBACK"):
            counted += depth > 1
            depth -= 1
        else:
            counted += words[0] not in ("BEGIN", "COMMIT")
    return counted


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_answer_that_writes_asks_more_than_twelve_queries(
    staff, admin_user, add_image, django_capture_on_commit_callbacks, answer
):
    ContentType.objects.get_for_models(ApiKey, Image, Tag)  # kept by each process
    counts = []
    for rows in (1, 3):
        staff.force_login(admin_user)
        it = library(staff, add_image, rows)
        page = staff.get("/admin/gallery/trash/empty/").text
        it.asked = dict(re.findall(r'name="(selection|count)" value="(\w+)"', page))
        if answer in DONE:
            it.change = DONE[answer](it).change
        with (
            CaptureQueriesContext(connection) as queries,
            django_capture_on_commit_callbacks(execute=True),
        ):
            response = ANSWERS[answer](it)
        assert response.status_code in (200, 201, 204, 302)
        counts.append(count(queries))
    one, three = counts
    assert one <= MOST + MORE.get(answer, 0)
    assert three == one


@pytest.mark.parametrize("rows", [1, 3])
def test_files_together_cost_so_many_queries_each(staff, media_folder, rows):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for row in range(rows):
            members.writestr(f"{row}.png", picture(row))
    for row in range(rows):
        (media_folder / f"{row}.png").write_bytes(picture(10 + row))
    file = SimpleUploadedFile("many.zip", archive.getvalue())
    with CaptureQueriesContext(connection) as queries:
        answer = staff.post(f"{API}images/", {"file": file, "tags": "a,b"})
    assert answer.json()["added"] == rows
    assert count(queries) <= 2 + EACH * rows
    with CaptureQueriesContext(connection) as queries:
        answer = staff.post(f"{API}scan/")
    assert answer.json()["added"] == rows
    assert count(queries) <= 4 + EACH * rows
