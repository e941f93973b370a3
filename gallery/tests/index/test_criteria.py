"""What somebody looks for, as a value."""

import os
import subprocess
import sys
from datetime import UTC, datetime

from gallery.index.criteria import Criteria, Word
from tests.server import ROOT

PROGRAM = """
import django
django.setup()
from gallery.index.criteria import Criteria, Word
print(Criteria(words=(Word("日落"),), models=(frozenset({"a", "b", "c", "d"}),)).fingerprint)
"""


def test_fingerprint_is_the_same_in_every_process():
    here = Criteria(words=(Word("日落"),), models=(frozenset("dcba"),)).fingerprint
    for seed in "123":
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert run.stdout.strip() == here


def test_fingerprint_tells_criteria_apart():
    now = datetime(2026, 11, 25, tzinfo=UTC)
    several = [
        Criteria(),
        Criteria(words=(Word("a"),)),
        Criteria(without_words=(Word("a"),)),
        Criteria(words=(Word("a", tag_id=1),)),
        Criteria(start=now),
        Criteria(end=now),
        Criteria(tags=(frozenset({1, 2}),)),
        Criteria(tags=(frozenset({1}), frozenset({2}))),
        Criteria(favorite=frozenset({True})),
        Criteria(descending=False),
    ]
    assert len({criteria.fingerprint for criteria in several}) == len(several)
