"""Transactions that the database breaks off are run again; the others' errors go on."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from gallery.jobs.changes import ATTEMPTS, repeated
from gallery.models import Tag


@pytest.mark.django_db(transaction=True)
def test_two_that_wait_for_each_other_both_finish():
    first, second = (Tag.objects.create(name=name, key=name).pk for name in "ab")
    both_hold_one = threading.Barrier(2)

    @repeated
    def rename(one: int, other: int, name: str) -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=one).update(name=name)
            # The other one may be waiting for this transaction, or trying again.
            with contextlib.suppress(threading.BrokenBarrierError):
                both_hold_one.wait(0.5)
            Tag.objects.filter(pk=other).update(name=name)

    def run(*arguments) -> None:
        try:
            rename(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(run, first, second, "x"), pool.submit(run, second, first, "y")]
    assert [each.exception() for each in done] == [None, None]
    assert len(set(Tag.objects.values_list("name", flat=True))) == 1


@pytest.mark.parametrize(("error", "calls"), [
    (OperationalError(1213, "Deadlock found"), ATTEMPTS), (OperationalError("disk I/O error"), 1),
    (OperationalError(), 1), (ValueError("other"), 1),
])  # fmt: skip
def test_only_what_was_broken_off_is_tried_again(error, calls):
    called = []

    @repeated
    def fail() -> None:
        called.append(1)
        raise error

    with pytest.raises(type(error)):
        fail()
    assert len(called) == calls


def test_an_outer_transaction_is_not_repeated(db):
    called = []

    @repeated
    def fail() -> None:
        called.append(1)
        raise OperationalError(1213, "Deadlock found")

    with pytest.raises(OperationalError):
        fail()
    assert called == [1]
