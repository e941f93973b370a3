"""The process that a user starts, once everything is prepared: it holds the port, and others serve.

On SIGHUP it replaces them, each once its successor serves; it restarts one that has died; and on
SIGTERM or SIGINT it ends with them. It is a program of its own, without Django: so it takes some
ten megabytes, and holds nothing of the release that it started with.
"""

import os
import select
import signal
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import NoReturn

GIVE_WAY: int = getattr(signal, "SIGUSR1", signal.SIGTERM)
"""Tells a process that a successor serves: it ends when its clients have moved there. It is not
SIGHUP, which a closing terminal sends to all of its processes."""

HELD_BACK = (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT))
"""Signals that a terminal sends to all of its processes; one that starts hears them once it can."""

READY_SECONDS = 120.0
"""How long a process may take until it serves."""

CALM_SECONDS = 60.0
"""If the last death is this long ago, the next process that dies is replaced at once."""

LONGEST_PAUSE = 15.0
"""The longest pause before a restart, if processes die one after the other."""


@dataclass(slots=True)
class Starting:
    """A process that does not serve yet."""

    ready: int
    """A pipe on which it reports that it serves."""
    successor_of: int = 0
    """The id of the process that it replaces; 0 for none."""
    deadline: float = 0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + READY_SECONDS

    def close(self) -> None:
        if self.ready >= 0:
            os.close(self.ready)
        self.ready = -1


class Supervisor:
    """Keeps so many processes serving.

    Args:
        command: starts one of them; the numbers of its descriptors are appended.
        listener: the descriptor of the socket that all of them serve.
        lifeline: the reading end of a pipe that nobody writes to: it ends with this process.
        first: id and pipe of a process that is starting already.
    """

    def __init__(
        self,
        command: list[str],
        *,
        listener: int,
        lifeline: int,
        count: int,
        first: tuple[int, int] | None = None,
    ) -> None:
        self._command = command
        self._listener = listener
        self._lifeline = lifeline
        self._starting: dict[int, Starting] = {}
        self._serving: list[int] = []
        self._leaving: set[int] = set()
        self._outdated: list[int] = []  # those that a reload has yet to replace
        self._due: list[float] = []  # when others are to start in the place of the dead
        self._pause, self._last_death = 0.0, float("-inf")
        self._has_served = False
        self._most_leaving = max(2, count)
        self._is_told_to_reload = self._is_reloading = self._is_ending = False
        self._status = 0
        # After `nohup`, a terminal may go.
        is_held = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
        self._needs_terminal = is_held and _has_terminal()
        self._signals = _signals()
        if first is not None:
            self._starting[first[0]] = Starting(first[1])
        for number in range(len(self._starting), count):
            self._start("--mend") if number == 0 else self._start()

    def run(self) -> int:
        """Run until all have ended, and return the exit status."""
        self._bury()
        while self._starting or self._serving or self._leaving or self._due:
            pipes = {each.ready: pid for pid, each in self._starting.items() if each.ready >= 0}
            heard, _, _ = select.select([self._signals, *pipes], [], [], self._patience())
            for pipe in heard:
                if pipe == self._signals:
                    self._hear(os.read(pipe, 1)[0])
                elif pipes[pipe] in self._starting:
                    self._welcome(pipes[pipe])
            self._give_up_the_late()
            self._start_the_due()
            self._go_on_reloading()
        return self._status

    def _go_on_reloading(self) -> None:
        """Replace one after the other, and none while too many predecessors are still there."""
        if self._starting or self._is_ending:
            return
        if not self._outdated:
            if self._is_reloading:
                _say(f"Reloaded: {len(self._serving)} new.")
            self._is_reloading, self._is_told_to_reload = self._is_told_to_reload, False
            self._outdated = list(self._serving) if self._is_reloading else []
        if self._outdated and len(self._leaving) < self._most_leaving:
            self._start(successor_of=self._outdated.pop(0))

    def _patience(self) -> float | None:
        deadlines = [*self._due, *(each.deadline for each in self._starting.values())]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _hear(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._bury()
        elif number != signal.SIGHUP:
            self._stop(number)
        elif self._needs_terminal and not _has_terminal():
            self._stop(signal.SIGTERM)
        else:
            self._is_told_to_reload = True

    def _start(self, *options: str, successor_of: int = 0) -> None:
        if self._is_ending:
            return
        ready, writing = os.pipe()
        told = map(str, (self._listener, self._lifeline, writing))
        os.set_inheritable(writing, True)
        command = [*self._command, "--worker", *told, *options]
        try:
            pid = os.posix_spawn(command[0], command, os.environ, setsigmask=HELD_BACK)
        except OSError as error:  # no memory, no more processes, no such program any more
            os.close(ready)
            self._did_not_serve(successor_of, error.strerror or str(error))
        else:
            self._starting[pid] = Starting(ready, successor_of)
        finally:
            os.close(writing)

    def _start_the_due(self) -> None:
        now = time.monotonic()
        due = sum(when <= now for when in self._due)
        self._due = [when for when in self._due if when > now]
        for _ in range(due):
            self._start()

    def _start_another(self, sentence: str) -> None:
        """Replace a process that has died: at once, or later if they die in a row."""
        now = time.monotonic()
        is_in_row = now - self._last_death < CALM_SECONDS
        self._pause = min(LONGEST_PAUSE, 2 * self._pause or 1.0) if is_in_row else 0.0
        self._last_death = now
        self._due.append(now + self._pause)
        _say(f"{sentence} Another one takes its place {_when(self._pause)}.")

    def _welcome(self, pid: int) -> None:
        """Note that a process serves; one that said nothing will be buried."""
        begun = self._starting[pid]
        serves = os.read(begun.ready, 1) != b""
        begun.close()
        if not serves:
            return
        del self._starting[pid]
        self._serving.append(pid)
        self._has_served = True
        if begun.successor_of in self._serving:
            self._serving.remove(begun.successor_of)
            self._leaving.add(begun.successor_of)
            _tell(begun.successor_of, GIVE_WAY)

    def _give_up_the_late(self) -> None:
        for pid, begun in self._starting.items():
            if begun.deadline < time.monotonic():
                _tell(pid, signal.SIGKILL)
                begun.deadline = float("inf")

    def _bury(self) -> None:
        """Handle all processes that have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._has_ended(pid, os.waitstatus_to_exitcode(status))

    def _has_ended(self, pid: int, status: int) -> None:
        self._leaving.discard(pid)
        begun = self._starting.pop(pid, None)
        if begun is not None:
            begun.close()
        if pid in self._serving:
            self._serving.remove(pid)
            is_followed = any(each.successor_of == pid for each in self._starting.values())
            if pid in self._outdated:
                self._outdated.remove(pid)
            if not self._is_ending and not is_followed:
                self._start_another(f"Process {pid} has ended ({_reason(status)}).")
        elif begun is not None and not self._is_ending:
            self._did_not_serve(begun.successor_of, _reason(status))

    def _did_not_serve(self, successor_of: int, reason: str) -> None:
        sentence = f"A new process did not serve ({reason})."
        if successor_of:
            sentence = f"Not reloaded: the new process did not serve ({reason})."
            self._outdated.clear()
            self._is_reloading = False
        if successor_of in self._serving:
            _say(sentence)
        elif self._has_served and (self._serving or self._starting):
            self._start_another(sentence)
        else:  # whoever has started this program may start it anew, and that prepares everything
            _say(sentence)
            self._status = 1
            self._stop(signal.SIGTERM)

    def _stop(self, number: int) -> None:
        """Leave the port and let all finish what they have begun; told again, they hurry."""
        if not self._is_ending:
            self._is_ending = True
            self._outdated.clear()
            self._due.clear()
            os.close(self._listener)
            number = signal.SIGTERM
        for pid in (*self._starting, *self._serving, *self._leaving):
            _tell(pid, number)


def _signals() -> int:
    """Return a descriptor from which the numbers of all relevant signals can be read."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*HELD_BACK, signal.SIGTERM})
    return reading


def _has_terminal() -> bool:
    """Return whether the terminal that started this program, if any, is still there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _tell(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it will be buried


def _reason(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:  # most of the real-time ones have no name
        return f"signal {-status}"


def _when(pause: float) -> str:
    return f"in {pause:.0f} s" if pause else "at once"


def _say(sentence: str) -> None:
    with suppress(OSError):  # whoever read it may have gone
        os.write(2, f"{sentence}\n".encode(errors="replace"))


def hold_back(*numbers: int) -> None:
    """Block these signals until this process has become the supervisor."""
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)


def become_supervisor(
    command: list[str],
    *,
    listener: int,
    count: int,
    lifeline: tuple[int, int],
    first: tuple[int, int] | None,
) -> NoReturn:
    """Replace the running program by this one.

    Args:
        lifeline: both ends of a pipe.
        first: as the supervisor's.
    """
    for descriptor in (listener, *lifeline, *(first or ())[1:]):
        os.set_inheritable(descriptor, True)
    hold_back(*HELD_BACK, signal.SIGTERM)
    numbers = map(str, (listener, *lifeline, count, *(first or (0, 0))))
    # -P: modules beside this file must not shadow Python's.
    os.execv(sys.executable, [sys.executable, "-P", __file__, *numbers, *command])  # noqa: S606


def main(arguments: list[str]) -> int:
    listener, lifeline, held, count, pid, ready = map(int, arguments[:6])
    for descriptor in (held, ready):
        if descriptor:
            os.set_inheritable(descriptor, False)
    with ExitStack() as stack:
        if count > 1:
            folder = stack.enter_context(TemporaryDirectory(prefix="grok2api-metrics-"))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        first = (pid, ready) if pid else None
        return Supervisor(
            arguments[6:], listener=listener, lifeline=lifeline, count=count, first=first
        ).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
