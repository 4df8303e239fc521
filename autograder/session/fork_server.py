"""A process that has the student-side packages imported, and becomes a session when it is asked.

To start an interpreter and to import NumPy, IPython and matplotlib takes longer than what most
students' code does afterwards. A fork server does it once. It runs no student's code, holds no
answer, and knows no submission; each session is a fork of it that first sets itself apart
(`autograder.jail.separate`).

Started as ``python -I -m autograder.session.fork_server FD PACKAGES``, on a socket of the trusted
side. A request is a length, a `Separation`, and two descriptors: the session's channel, and one for
reports. There each process of the session says that it is up (the kernel adds its number, as the
trusted side sees it), and the server how it ended.

A fork copies one thread, so nothing here may start another one.
"""

from __future__ import annotations

import gc
import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import numpy as np

from autograder.jail import mounts
from autograder.jail.kernel import drop_capabilities
from autograder.jail.separate import Separation, separate
from autograder.session import agent
from autograder.session.forks import FAILED, FIRST, LENGTH, SESSION
from autograder.session.lifetime import end_with_parent

_CODE_OF_A_SIGNAL = 128
_HIGHEST_DESCRIPTOR = 1 << 20


class ForkServer:
    """Forks a session at each request, until the other side closes the socket.

    Parameters
    ----------
    control
        Socket to the trusted side.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pid = os.getpid()
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._running: dict[int, tuple[int, socket.socket]] = {}

    def serve(self) -> socket.socket | None:
        """Answer requests, and report the ends of sessions.

        Returns
        -------
        socket or None
            In a fork: the channel on which it is a session now. In the server: None, at the end.
        """
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._running:
                    self._bury(descriptor)
                    continue
                header, descriptors, _, _ = socket.recv_fds(self._control, LENGTH.size, 2)
                if not header:
                    self._end_all()
                    return None
                channel = self._fork(header, descriptors)
                if channel is not None:
                    return channel

    def _fork(self, header: bytes, descriptors: list[int]) -> socket.socket | None:
        """Make one session, and return its channel in it."""
        channel, report = (socket.socket(fileno=number) for number in descriptors)
        body = self._control.recv(LENGTH.unpack(header)[0], socket.MSG_WAITALL)
        separation = Separation.from_bytes(body)
        pid = mounts.fork_into(mounts.ALL_BUT_USERS) if separation.namespaces else os.fork()
        if not pid:
            self._become(separation, channel, report)
            return channel
        channel.close()
        descriptor = os.pidfd_open(pid)
        self._running[descriptor] = pid, report
        self._poll.register(descriptor, select.POLLIN)
        return None

    def _bury(self, descriptor: int) -> None:
        pid, report = self._running.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status, used = os.wait4(pid, 0)
        cpu = used.ru_utime + used.ru_stime
        with report, suppress(OSError):
            report.send(json.dumps([os.waitstatus_to_exitcode(status), cpu]).encode())

    def _end_all(self) -> None:
        for descriptor in list(self._running):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            self._bury(descriptor)

    def _become(
        self, separation: Separation, channel: socket.socket, report: socket.socket
    ) -> None:
        """Become a session, in a process that has just been forked."""
        try:
            os.setsid()
            parent = self._pid
            if separation.namespaces:
                report.send(FIRST)
                child, parent = os.fork(), 1
                if child:
                    _stand_first(child)
            _forget_the_server()

            def ready() -> None:
                end_with_parent(parent)
                report.send(SESSION)
                report.close()

            separate(separation, channel.fileno(), ready)
            gc.enable()
            agent.settle()
        except BaseException as error:  # noqa: BLE001 - whatever it is, this is no session
            text = f"{type(error).__name__}: {error}"[:1000].encode()
            with suppress(OSError):
                report.send(FAILED + text)
            with suppress(OSError):
                os.write(2, text)
            os._exit(1)


def _stand_first(child: int) -> NoReturn:
    """Be the first process of a namespace: the session ends when it ends, and it with the session.

    The kernel treats that process unlike others (it ignores its own signals), so a student's code
    runs in the second one.
    """
    code = 1
    with suppress(BaseException):
        os.closerange(3, _HIGHEST_DESCRIPTOR)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # those behind it may send it one
        end_with_parent()
        drop_capabilities()
        found = 0
        while found != child:
            found, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else _CODE_OF_A_SIGNAL - code)


def _forget_the_server() -> None:
    """Let go of what all forks would else have in common."""
    random.seed()
    np.random.seed()  # noqa: NPY002 - the student's cells may draw from the global generator
    tempfile.tempdir = None
    vars(tempfile)["_name_sequence"] = None


def _threads() -> int:
    with suppress(OSError):
        return len(list(Path("/proc/self/task").iterdir()))
    return threading.active_count()


def _only_one_thread_of(count: int) -> None:
    """Raise if there are several: a fork would copy locks that nobody opens any more."""
    if count != 1:
        raise RuntimeError(f"the fork server has {count} threads, and must have one")


def main() -> None:
    """Serve on a descriptor; the command line is ``FD PACKAGES``."""
    end_with_parent()
    number, packages = sys.argv[1:]
    control = socket.socket(fileno=int(number))
    agent.look_like_a_students_machine(packages.split(","))
    agent.load()
    _only_one_thread_of(_threads())
    gc.collect()
    gc.disable()
    gc.freeze()  # collections in the forks leave these objects, and their pages, alone
    control.send(SESSION)
    channel = ForkServer(control).serve()
    if channel is not None:
        os._exit(agent.run(channel))


if __name__ == "__main__":
    main()
