"""Turns at the threads of pages: no client's many requests stand before another's one."""

import asyncio

import pytest

from grok2api.door.queueing import FairQueue


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


class Crowd:
    """Clients who ask for turns, and keep each until it is ended."""

    def __init__(self, at_once):
        self.queue = FairQueue(at_once)
        self.began = []
        self.ends = {}
        self.tasks = {}

    def ask(self, name):
        async def work():
            address, _, client = name.partition(" ")
            async with self.queue.turn(address[0], client):
                self.began.append(name)
                await self.ends[name].wait()

        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(work())

    async def end(self, *names):
        for name in names:
            self.ends[name].set()
            await settle()


async def test_nobody_has_more_than_half_and_each_has_a_turn_before_anybody_has_two():
    crowd = Crowd(4)
    for name in ("a1", "a2", "a3", "a4", "b1", "c1", "c2"):
        crowd.ask(name)
    await settle()
    assert crowd.began == ["a1", "a2", "b1", "c1"]
    await crowd.end("a1")
    assert crowd.began[4:] == ["a3"]
    await crowd.end("b1", "a2")
    assert crowd.began[5:] == ["c2", "a4"]
    await crowd.end("a3", "a4", "c1", "c2")
    await asyncio.gather(*crowd.tasks.values())
    assert (crowd.queue._free, crowd.queue._running, crowd.queue._waiting) == (4, {}, {})


async def test_who_has_left_is_passed_over():
    crowd = Crowd(2)
    for name in ("a1", "b1", "a2", "a3"):
        crowd.ask(name)
    await settle()
    crowd.tasks["a2"].cancel()
    await settle()
    await crowd.end("a1")
    assert crowd.began == ["a1", "b1", "a3"]
    await crowd.end("a3", "b1")
    with pytest.raises(asyncio.CancelledError):
        await crowd.tasks["a2"]
    assert (crowd.queue._free, crowd.queue._running) == (2, {})


async def test_who_names_many_keys_has_no_more_turns_than_others():
    crowd = Crowd(4)
    for number in range(500):
        crowd.ask(f"a {number}")
    for name in ("b 1", "c 1", "c 2"):
        crowd.ask(name)
    await settle()
    assert crowd.began == ["a 0", "a 1", "b 1", "c 1"]
    await crowd.end("b 1")
    assert crowd.began[4:] == ["c 2"]
    for task in crowd.tasks.values():
        task.cancel()
    await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)


async def test_those_who_share_an_address_take_its_turns_in_turn():
    crowd = Crowd(2)
    for name in ("a x1", "a x2", "a x3", "a y1", "a z1"):
        crowd.ends[name] = asyncio.Event()

    async def work(name):
        async with crowd.queue.turn("a", name[2]):
            crowd.began.append(name)
            await crowd.ends[name].wait()

    tasks = [asyncio.create_task(work(name)) for name in crowd.ends]
    await settle()
    for name in ("a x1", "a x2", "a y1", "a z1", "a x3"):
        await crowd.end(name)
    assert crowd.began == ["a x1", "a x2", "a y1", "a z1", "a x3"]
    await asyncio.gather(*tasks)
    assert (crowd.queue._free, crowd.queue._running, crowd.queue._waiting) == (2, {}, {})
