"""Those who listen, within one event loop; `tests/test_live_events.py` is about processes."""

import asyncio

from gallery import news


def test_whoever_comes_next_has_a_task_again_that_an_error_has_ended(monkeypatch):
    begun = []

    async def watch(hub):
        begun.append(hub)
        raise RuntimeError("nobody foresaw it")

    monkeypatch.setattr(news._Hub, "_watch", watch)

    async def listen():
        hub = news._Hub(asyncio.get_running_loop())
        with hub.listening():
            await asyncio.sleep(0)
            with hub.listening():
                await asyncio.sleep(0)
        assert len(begun) == 2

    asyncio.run(listen())
