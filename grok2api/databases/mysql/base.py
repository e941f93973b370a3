"""Django's MariaDB and MySQL backend, without a ping before each request."""

import os
import socket
from typing import Any

from django.db.backends.mysql import base

from grok2api.databases.liveness import seems_alive

KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Seconds of silence, seconds between probes, probes without an answer."""


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: Any) -> Any:
        connection = super().get_new_connection(conn_params)
        _keep_alive(connection.fileno())
        return connection

    def is_usable(self) -> bool:
        return seems_alive(self) or super().is_usable()


def _keep_alive(descriptor: int) -> None:
    """Let the operating system detect a dead server; psycopg has options for that."""
    with socket.socket(fileno=os.dup(descriptor)) as wire:
        if wire.family not in (socket.AF_INET, socket.AF_INET6):
            return
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEP_ALIVE.items():
            if hasattr(socket, name):  # not on every system
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
