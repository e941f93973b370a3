"""How a process ends that has a successor."""

import asyncio
from unittest.mock import Mock

import pytest
import uvicorn

from grok2api.door.protocol import Protocol
from grok2api.door.supervisor import GIVE_WAY
from grok2api.door.worker import Worker

pytestmark = pytest.mark.once


def test_what_is_asked_on_an_idle_connection_is_answered_after_the_time_of_what_was_under_way(
    monkeypatch,
):
    for name in ("is_ending", "is_followed"):
        monkeypatch.setattr(Protocol, name, False)
    config = uvicorn.Config(Mock(), lifespan="off", timeout_graceful_shutdown=0)
    config.load()
    worker = Worker(config, lifeline=-1, ready=-1)
    worker.lifespan, worker.servers = config.lifespan_class(config), []

    async def give_way() -> str:
        connection = Mock()
        worker.server_state.connections.add(connection)

        async def answer_late() -> str:
            await asyncio.sleep(0.3)
            worker.server_state.connections.clear()
            return "answered"

        task = asyncio.create_task(answer_late())
        worker.server_state.tasks.add(task)
        task.add_done_callback(worker.server_state.tasks.discard)
        worker.handle_exit(GIVE_WAY, None)
        await worker.shutdown()
        return await task

    assert asyncio.run(give_way()) == "answered"
