"""How much memory pictures may take that are being decoded, one by one and together."""

import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from gallery.files import decoding, pictures
from gallery.files.decoding import MOST_WAITING, Budget, Busy
from gallery.tests.drawing import draw
from tests.campaign.attacks.texts import bombs

pytestmark = pytest.mark.once

MEGABYTE = 1_000_000


@pytest.fixture
def allow():
    """`allow(pixels)` until the test ends."""
    before = decoding.max_pixels()
    yield decoding.allow
    decoding.allow(before)


def wait_until(condition) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never came to that")


def started(budget: Budget, wanted: int, came: list[int], go: threading.Event, *, patient=True):
    def work() -> None:
        try:
            with budget.room(wanted, patient=patient):
                came.append(wanted)
                go.wait(10)
        except Busy:
            came.append(-wanted)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_budget_lets_in_what_fits_and_serves_who_came_first():
    budget, came = Budget(10), []
    gates = [threading.Event() for _ in range(4)]
    threads = []
    for wanted, gate in zip((6, 8, 3, 99), gates, strict=True):
        threads.append(started(budget, wanted, came, gate))
        wait_until(lambda: len(came) + len(budget._line) == len(threads))
    # 3 would fit beside 6, but 8 came before it, and would wait for ever behind smaller ones.
    assert (came, budget.taken) == ([6], 6)
    for number, gate in enumerate(gates):
        gate.set()
        wait_until(lambda n=number: len(came) >= min(n + 2, 4))
    for thread in threads:
        thread.join()
    assert (came, budget.taken, len(budget._line)) == ([6, 8, 3, 99], 0, 0)


def test_budget_turns_away_whom_too_many_wait_before():
    budget, came, gate = Budget(10), [], threading.Event()
    threads = [started(budget, 10, came, gate)]
    wait_until(lambda: came == [10])
    for number in range(MOST_WAITING):
        threads.append(started(budget, number + 1, came, gate, patient=False))
    wait_until(lambda: len(budget._line) == MOST_WAITING)
    with pytest.raises(Busy), budget.room(1, patient=False):
        pass
    threads.append(started(budget, 5, came, gate))  # somebody patient waits all the same
    gate.set()
    for thread in threads:
        thread.join()
    assert (sorted(came), budget.taken) == ([1, 2, 3, 5, 10], 0)


def test_budget_turns_away_whoever_has_waited_long_enough(monkeypatch):
    monkeypatch.setattr(decoding, "PATIENCE", 0.05)
    budget = Budget(10)
    with budget.room(10, patient=True):
        with pytest.raises(Busy), budget.room(1, patient=False):
            pass
        assert (budget.taken, len(budget._line), budget._impatient) == (10, 0, 0)
    with budget.room(10, patient=False):
        assert budget.taken == 10


TOGETHER = """
import sys, threading
from gallery.files import decoding, pictures
decoding.allow(int(sys.argv[1]))
data = open(sys.argv[2], "rb").read()
pictures.read_picture(open(sys.argv[3], "rb").read())

def memory(name):
    (line,) = [line for line in open("/proc/self/status") if line.startswith(name)]
    return int(line.split()[1]) * 1024

idle = memory("VmRSS")
threads = [threading.Thread(target=pictures.read_picture, args=(data,)) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(memory("VmHWM") - idle, memory("VmRSS") - idle)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the memory")
@pytest.mark.parametrize(
    "kind", ["RGBA.png", "RGB.webp", "RGBA.webp", "RGB.avif", "progressive.jpg"]
)
def test_pictures_together_take_no_more_than_the_budget_and_give_it_back(tmp_path, kind):
    mode, _, suffix = kind.partition(".")
    options = (
        {"progressive": True} if suffix == "jpg" else {"speed": 10} if suffix == "avif" else {}
    )
    picture, small = tmp_path / kind, tmp_path / "small.webp"
    mode = "RGB" if mode == "progressive" else mode
    # Smooth, so that the files themselves are small.
    smooth = Image.linear_gradient("L").resize((3000, 3000))
    smooth.convert(mode).save(picture, quality=50, **options)
    Image.new("RGB", (600, 600)).save(small)
    limit = 14_000_000
    done = subprocess.run(
        [sys.executable, "-c", TOGETHER, str(limit), str(picture), str(small)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    peak, kept = map(int, done.stdout.split())
    room = decoding.AT_ONCE * decoding.DECODED * limit
    assert peak < room + 45 * MEGABYTE  # strips, thumbnails and the threads themselves
    assert kept < room / 2


@pytest.mark.parametrize("name", bombs())
def test_bomb_is_refused_before_it_is_decoded(name):
    taken = []
    room = decoding.budget.room
    decoding.budget.room = lambda *args, **options: taken.append(args) or room(*args, **options)
    try:
        with pytest.raises(pictures.UnreadablePicture) as refused:
            pictures.read_picture(bombs()[name])
    finally:
        del decoding.budget.room
    assert (refused.value.code, taken) == ("too_many_pixels", [])


def test_limit_is_what_is_said():
    out = io.BytesIO()
    Image.new("1", (9500, 9500)).save(out, "PNG")
    picture = pictures.read_picture(out.getvalue())
    assert (picture.width, picture.height) == (9500, 9500)


@pytest.mark.parametrize(
    ("kind", "side", "said"),
    [
        ("PNG", 1000, None),
        ("PNG", 1001, "The picture has more than 1 million pixels."),
        ("JPEG", 1334, None),
        ("JPEG", 1335, "The picture has more than 1 million pixels."),
        ("WEBP", 816, None),
        ("WEBP", 817, "The picture has more than 0 million pixels."),
        ("GIF", 1000, None),
    ],
)
def test_limit_of_each_format(allow, kind, side, said):
    allow(1_000_000)
    try:
        pictures.read_picture(draw(side, side, format=kind))
        refused = None
    except pictures.UnreadablePicture as error:
        refused = str(error)
    assert refused == said


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P", "CMYK"])
def test_picture_shrunk_in_strips_is_the_same(monkeypatch, mode):
    image = Image.effect_noise((2500, 2300), 90).convert("RGB")
    image.paste("red", (0, 0, 700, 2300))
    image = image.quantize(200) if mode == "P" else image.convert(mode)
    whole = pictures._fitted(image, 512)
    monkeypatch.setattr(pictures, "STRIP", 100_000)
    strips = pictures._fitted(image, 512)
    assert (strips.size, strips.mode) == (whole.size, whole.mode)
    differences = ImageChops.difference(strips.convert("RGB"), whole.convert("RGB"))
    assert max(high for _, high in differences.getextrema()) <= 8
