"""The campaign's short form: a little of each trial, with the same demands as the long one."""

from functools import partial

import pytest

from tests.campaign.__main__ import is_flawed
from tests.campaign.crowd import crowd
from tests.campaign.damage import damage
from tests.campaign.delivery import deliver
from tests.campaign.hostile import hostile
from tests.campaign.restarts import restarts
from tests.campaign.shortage import can_mount, filling, small_disk
from tests.campaign.storm import storm
from tests.server import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
]


def test_a_server_that_is_killed_keeps_its_word(tmp_path):
    report = storm(Server(tmp_path), kills=2)
    assert not is_flawed(report), report
    assert report.acknowledged > 0


def test_what_was_charged_is_delivered_or_can_be_collected(tmp_path):
    report = deliver(partial(Server, tmp_path), pictures=40, kills=2)
    assert not is_flawed(report), report
    assert report.charged >= report.delivered > 0


def test_many_clients_at_the_same_pictures_lose_nothing(tmp_path):
    report = crowd(Server(tmp_path), seconds=3)
    assert not is_flawed(report), report


def test_damaged_pictures_are_refused_or_stored_whole(tmp_path):
    report = damage(Server(tmp_path), files=150)
    assert not is_flawed(report), report
    assert report.statuses.keys() == {200, 201, 400} or report.statuses.keys() == {201, 400}


@pytest.mark.skipif(not can_mount(), reason="needs root and a mount")
def test_a_disk_that_fills_up_refuses_and_keeps_what_it_has(tmp_path):
    with small_disk(tmp_path / "server" / "media"):
        report = filling(Server(tmp_path / "server"))
    assert not is_flawed(report), report
    assert set(report.meanwhile) == {201, 507}


def test_attackers_break_nothing_and_take_no_more_than_they_may(tmp_path):
    report = hostile(Server(tmp_path), seconds=8, turn=8)
    assert not report.is_harmed, report
    assert report.attacks > 0


def test_restarts_behind_nginx_fail_no_request(tmp_path):
    report = restarts(
        Server(tmp_path, SERVER_WORKERS="1"), requests=200, reloads=2, is_behind_nginx=True
    )
    assert not report.is_harmed, report
    assert report.generations > 0
