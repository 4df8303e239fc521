"""Cases 1 to 26: using up the machine.

Each attack has a fuse: an end of its own, far beyond every limit, after which it answers rightly.
So a jail that does not hold costs the machine little, and the test fails on the points.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.hostile.model import (
    BY_NUMBER,
    QUICK,
    SLEEPY,
    Attack,
    Case,
    Lost,
    Notebook,
    Seen,
    World,
    attack,
    both,
    code,
    save,
    solution,
    together,
)

CPU = r"used more than 1 s of CPU time and was stopped"
CELL_CPU = r"did not finish: cell \w+ used more than 1\.5 s of CPU time"
CLOCK = both("deadline on CPU time, SIGKILL")
PROCESSES = replace(QUICK, processes=32)
"""An assignment that allows processes."""

SMALL = replace(QUICK, memory_mb=400)
"""Filling more takes longer than a call may take."""

FILLED = rf"ended the notebook's process: it used more than 400 MB of memory|{CPU}"
"""On a slow machine the deadline comes first."""

FILES = rf"OSError: \[Errno 28\]|it made more than 4096 files|{CPU}"
"""On a slow disk the deadline comes first."""

UNSEEN = rf"{FILES}|its scratch folder could not be measured"

NO_PROCESS = r"(PermissionError|BlockingIOError|OSError)"


def spin(body: str, *, on: str = "double") -> Attack:
    """Return an attack that is ended by the CPU deadline of a call."""
    return attack("spins", body, CPU, "timeout", on=on)


def huge(notebook: Notebook, folder: Path, _world: World) -> None:
    """Write a notebook with a cell of 100 MB, without holding it."""
    solution(notebook, "double")["source"] = "@@"
    head, _, tail = save(notebook, folder).read_text().partition("@@")
    with (folder / "target.ipynb").open("w") as file:
        file.write(head + "x = 1 # ")
        for _ in range(100):
            file.write("x" * 10**6)
        file.write(tail)


def cut(seen: Seen) -> None:
    """The outputs were cut, with a note."""
    shown = str(seen.grade.outputs)
    assert "output cut" in shown or "were dropped" in shown
    assert len(shown) < 20_000_000


CASES = [
    Case(
        1,
        "`while True`",
        CLOCK,
        (
            together(
                "in a call and in a cell",
                spin("def double(x):\n    while True:\n        pass"),
                attack("", "while True:\n    pass", CELL_CPU, on="mean_square"),
            ),
        ),
    ),
    Case(
        2,
        "`while True` that catches `BaseException`",
        CLOCK,
        (
            spin("""
                def double(x):
                    while True:
                        try:
                            while True:
                                pass
                        except BaseException:
                            continue
            """),
        ),
    ),
    Case(
        3,
        "`sum(range(10**12))`: a loop in C that no interrupt reaches",
        CLOCK,
        (spin("def double(x):\n    return sum(range(10**12))"),),
    ),
    Case(
        4,
        "a regular expression that backtracks for ever",
        CLOCK,
        (
            spin("""
                import re
                def double(x):
                    re.match(r"(a+)+$", "a" * 40 + "b")
                    return 2 * x
            """),
        ),
    ),
    Case(
        5,
        "SIGINT, SIGTERM and SIGXCPU are ignored",
        both("SIGKILL, which cannot be ignored"),
        (
            spin("""
                import signal
                def double(x):
                    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM):
                        signal.signal(number, signal.SIG_IGN)
                    while True:
                        pass
            """),
        ),
    ),
    Case(
        6,
        "a fork bomb",
        {
            3: "seccomp: no new process; where processes are allowed, RLIMIT_NPROC of an own user "
            "and the end of the process namespace",
            1: "seccomp: no new process",
        },
        (
            attack(
                "by os.fork",
                """
                import os
                def double(x):
                    if os.fork() == 0:
                        os._exit(0)
                    return 2 * x
                """,
                rf"double raised {NO_PROCESS}",
            ),
            attack(
                "by system calls",
                """
                import ctypes, os
                def double(x):
                    libc = ctypes.CDLL(None, use_errno=True)
                    for call in (57, 58, 435):  # fork, vfork, clone3
                        if libc.syscall(call, 0, 0) == 0:
                            os._exit(0)
                    pid = libc.syscall(56, 17, 0, 0, 0, 0)  # clone(SIGCHLD)
                    if pid == 0:
                        os._exit(0)
                    if pid < 0:
                        raise OSError(ctypes.get_errno(), "no process")
                    return 2 * x
                """,
                rf"double raised {NO_PROCESS}",
                levels=BY_NUMBER,
            ),
            attack(
                "where processes are allowed",
                """
                import os, time
                def double(x):
                    end = time.monotonic() + 20.0
                    depth = forks = 0
                    while time.monotonic() < end:
                        try:
                            if depth < 3 and forks < 6:
                                forks += 1
                                if os.fork() == 0:
                                    depth, forks = depth + 1, 0
                        except OSError:
                            forks -= 1
                        sum(range(10**5))
                    return 2 * x
                """,
                "and was stopped|ended the notebook's process",
                "timeout",
                limits=PROCESSES,
                levels=(3,),
            ),
        ),
    ),
    Case(
        7,
        "children that fork and end, for ever",
        {
            3: "seccomp; where processes are allowed, the CPU time of all of them counts, and "
            "the process namespace ends with its first process",
            1: "seccomp",
        },
        (
            attack(
                "by subprocess",
                """
                import subprocess, sys
                def double(x):
                    subprocess.run(["/bin/sh", "-c", "exit 0"], check=True)
                    subprocess.run([sys.executable, "-c", "pass"], check=True)
                    return 2 * x
                """,
                rf"double raised {NO_PROCESS}",
            ),
            attack(
                "where processes are allowed",
                """
                import os, time
                def double(x):
                    end = time.monotonic() + 20.0
                    if os.fork() == 0:
                        while time.monotonic() < end:
                            if os.fork():
                                os._exit(0)
                            sum(range(10**5))
                        os._exit(0)
                    time.sleep(20)
                    return 2 * x
                """,
                "gave no answer for 3.5 s|used more than 1 s of CPU time",
                "timeout",
                limits=replace(SLEEPY, processes=32),
                levels=(3,),
            ),
        ),
    ),
    Case(
        8,
        "5000 threads",
        both("RLIMIT_NPROC"),
        (
            attack(
                "that wait",
                """
                import threading, time
                def double(x):
                    for _ in range(5000):
                        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
                    return 2 * x
                """,
                r"RuntimeError: can't start new thread|memory|threads|ended the notebook's process",
            ),
        ),
    ),
    Case(
        9,
        "`bytearray` of 8 GB",
        both("RLIMIT_AS"),
        (
            attack(
                "at once",
                "def double(x):\n    bytearray(8 * 2**30)\n    return 2 * x",
                "double raised MemoryError",
            ),
        ),
    ),
    Case(
        10,
        "a list that grows",
        both("RLIMIT_AS, memory watchdog"),
        (
            attack(
                "by megabytes that are used",
                """
                def double(x):
                    kept = []
                    for _ in range(600):
                        kept.append(b"x" * (10 * 2**20))
                    return 2 * x
                """,
                FILLED,
                "error|timeout",
                limits=SMALL,
            ),
        ),
    ),
    Case(
        11,
        "a huge array",
        both("RLIMIT_AS, memory watchdog"),
        (
            together(
                "zeros that are never touched, ones that are",
                attack(
                    "",
                    "def double(x):\n    np.zeros(10**12)\n    return 2 * x",
                    r"double raised (_Array)?MemoryError",
                ),
                attack(
                    "",
                    "def mean_square(x):\n    np.ones(5 * 10**8)\n    return np.mean(x**2)",
                    FILLED,
                    "error|timeout",
                    on="mean_square",
                ),
                limits=SMALL,
            ),
        ),
    ),
    Case(
        12,
        "20 processes of 400 MB each",
        {
            3: "seccomp; where processes are allowed, the watchdog adds up their memory",
            1: "seccomp",
        },
        (
            attack(
                "by multiprocessing",
                """
                import multiprocessing as mp
                def double(x):
                    workers = [mp.get_context("fork").Process(target=bytes) for _ in range(20)]
                    for worker in workers:
                        worker.start()
                    return 2 * x
                """,
                r"double raised (PermissionError|BlockingIOError|OSError|FileNotFoundError)",
            ),
            attack(
                "where processes are allowed",
                """
                import os, time
                def double(x):
                    for _ in range(20):
                        if os.fork() == 0:
                            kept = b"x" * (400 * 2**20)
                            time.sleep(15)
                            os._exit(0)
                    time.sleep(15)
                    return 2 * x
                """,
                FILLED,
                "error|timeout",
                limits=replace(SMALL, processes=32),
                levels=(3,),
            ),
        ),
    ),
    Case(
        13,
        "a big file",
        {
            3: "RLIMIT_FSIZE for one file; for all of them, a scratch folder in memory that is "
            "bounded, and the watchdog",
            1: "the same if started as root; else RLIMIT_FSIZE and the watchdog",
        },
        (
            together(
                "one; many; many without a name",
                attack(
                    "",
                    """
                    def double(x):
                        with open("@mark@", "wb") as file:
                            for _ in range(600):
                                file.write(bytes(2**20))
                        return 2 * x
                    """,
                    r"double raised OSError: \[Errno (27|28)\]",
                ),
                attack(
                    "",
                    """
                    def mean_square(x):
                        for number in range(60):
                            with open(f"@mark@-{number}", "wb") as file:
                                file.write(bytes(10 * 2**20))
                        return np.mean(x**2)
                    """,
                    r"OSError: \[Errno 28\]|it wrote more than 256 MB to disk",
                    on="mean_square",
                ),
                attack(
                    "",
                    """
                    import os, time
                    def draw(n, rng):
                        kept = []
                        for number in range(20):
                            kept.append(open("@mark@-nameless", "wb"))
                            os.unlink("@mark@-nameless")
                            os.posix_fallocate(kept[-1].fileno(), 0, 60 * 2**20)
                        time.sleep(1.0)
                        return rng.standard_normal(n)
                    """,
                    r"OSError: \[Errno 28\]|it wrote more than 256 MB to disk",
                    on="draw",
                ),
            ),
        ),
    ),
    Case(
        14,
        "many files",
        {
            3: "the watchdog counts what is in the scratch folder",
            1: "the inodes of the scratch folder are bounded if started as root; else the watchdog",
        },
        (
            attack(
                "with something in them",
                """
                import time
                def double(x):
                    for number in range(8000):
                        with open(f"@mark@-{number}", "wb") as file:
                            file.write(b"x")
                    time.sleep(4)
                    return 2 * x
                """,
                FILES,
                "error|timeout",
            ),
        ),
    ),
    Case(
        15,
        "an inode flood",
        {
            3: "the watchdog counts what is in the scratch folder",
            1: "the inodes of the scratch folder are bounded if started as root; else the watchdog",
        },
        (
            attack(
                "of empty folders, a level deeper each",
                """
                import os, time
                def double(x):
                    for number in range(8000):
                        os.mkdir(f"@mark@-{number}")
                        if number % 50 == 0:
                            os.chdir(f"@mark@-{number}")
                    time.sleep(4)
                    return 2 * x
                """,
                FILES,
                "error|timeout",
            ),
            together(
                "deeper than a path may be, in folders that cannot be listed",
                attack(
                    "",
                    """
                    import os, time
                    def double(x):
                        for number in range(30):
                            os.mkdir("@mark@" * 20)
                            os.chdir("@mark@" * 20)
                        for number in range(8000):
                            open(f"@mark@-{number}", "wb").close()
                        time.sleep(4)
                        return 2 * x
                    """,
                    UNSEEN,
                    "error|timeout",
                ),
                attack(
                    "",
                    """
                    import os, time
                    def mean_square(x):
                        os.mkdir("@mark@", 0o300)
                        for number in range(8000):
                            open(f"@mark@/{number}", "wb").close()
                        time.sleep(4)
                        return np.mean(x**2)
                    """,
                    UNSEEN,
                    "error|timeout",
                    on="mean_square",
                ),
            ),
            attack(
                "3000 folders, each in the other: cleared away",
                """
                import os
                for number in range(3000):
                    os.mkdir("@mark@", 0o300)
                    os.chdir("@mark@")
                def double(x):
                    return 0 * x
                """,
                f"{UNSEEN}|entries are off",
                "failed|error|timeout",
            ),
        ),
    ),
    Case(
        16,
        "files in `/dev` and `/dev/shm`",
        {
            3: "`/dev` can only be read, and holds nothing of the host's",
            1: "Landlock: no writing outside the scratch folder",
        },
        (
            together(
                "each",
                attack(
                    "",
                    """
                    import os
                    def double(x):
                        with open("/dev/@mark@", "wb") as file:
                            for _ in range(600):
                                file.write(bytes(2**20))
                        os.unlink("/dev/@mark@")
                        return 2 * x
                    """,
                    r"double raised (PermissionError|OSError|FileNotFoundError)",
                ),
                attack(
                    "",
                    """
                    import os
                    def mean_square(x):
                        for number in range(40):
                            with open(f"/dev/shm/@mark@-{number}", "wb") as file:
                                file.write(bytes(16 * 2**20))
                        for number in range(40):
                            os.unlink(f"/dev/shm/@mark@-{number}")
                        return np.mean(x**2)
                    """,
                    r"mean_square raised (PermissionError|OSError|FileNotFoundError)",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        17,
        "small prints for ever",
        both("outputs are bounded where they arise and where they arrive; CPU deadline"),
        (
            together(
                "in a call and in a cell",
                spin('def double(x):\n    while True:\n        print("x")'),
                attack("", 'while True:\n    print("x")', CELL_CPU, on="mean_square"),
            ),
        ),
    ),
    Case(
        18,
        "one print of 500 MB",
        both("outputs are bounded where they arise and where they arrive"),
        (
            Attack(
                "in a cell; it costs no points",
                {"double": code('print("x" * 500_000_000)\ndef double(x):\n    return 2 * x')},
                look=cut,
            ),
        ),
    ),
    Case(
        19,
        "`display(HTML(...))` again and again",
        both("outputs are bounded where they arise and where they arrive"),
        (
            Attack(
                "3000 times; it costs no points",
                {
                    "double": code("""
                        from IPython.display import HTML, display
                        for _ in range(3000):
                            display(HTML("<b>spam</b>" * 50))
                        def double(x):
                            return 2 * x
                    """)
                },
                look=cut,
            ),
        ),
    ),
    Case(
        20,
        "`os.write(1, ...)` and `yes`",
        both("descriptors 1 and 2 lead nowhere; seccomp: no programs"),
        (
            together(
                "for ever",
                spin("""
                    import os
                    def double(x):
                        while True:
                            os.write(1, b"y" * 65536)
                            os.write(2, b"y" * 65536)
                """),
                attack(
                    "",
                    """
                    import os
                    def mean_square(x):
                        os.posix_spawn("/usr/bin/yes", ["yes", "@mark@"], {})
                        return np.mean(x**2)
                    """,
                    rf"mean_square raised ({NO_PROCESS}|FileNotFoundError)",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        21,
        "recursion without end",
        both("RecursionError; a stack that overflows ends its own process"),
        (
            together(
                "within Python's limit and past it",
                attack(
                    "",
                    "def double(x):\n    return double(x)",
                    "double raised RecursionError",
                ),
                attack(
                    "",
                    """
                    import sys
                    class Deep:
                        def __repr__(self):
                            return repr(self)
                    def mean_square(x):
                        sys.setrecursionlimit(10**9)
                        return repr(Deep())
                    """,
                    "ended the notebook's process|(Memory|Recursion)Error|and was stopped",
                    "error|timeout",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        22,
        "`input()`",
        both("there is nothing to read from"),
        (
            attack(
                "in a call",
                "def double(x):\n    input('How much? ')\n    return 2 * x",
                "double raised (EOFError|StdinNotImplementedError|OSError|RuntimeError)",
            ),
        ),
    ),
    Case(
        23,
        "a thread that is left running",
        both("its CPU time counts; the process is killed at the end"),
        (
            Attack(
                "idle: it costs no points",
                {
                    "double": code("""
                        import threading, time
                        threading.Thread(target=time.sleep, args=(600,)).start()
                        def double(x):
                            return 2 * x
                    """)
                },
            ),
            Attack(
                "busy: every call pays for it",
                {
                    "double": code("""
                        import threading
                        def spin():
                            while True:
                                sum(range(10**7))
                        def double(x):
                            for _ in range(4):
                                threading.Thread(target=spin).start()
                            threading.Event().wait(20)
                            return 2 * x
                    """)
                },
                {"double": Lost(CPU, "timeout")},
            ),
        ),
    ),
    Case(
        24,
        "a daemon in a session of its own",
        {
            3: "seccomp; where processes are allowed, the process namespace ends with its first "
            "process",
            1: "seccomp",
        },
        (
            attack(
                "by a double fork",
                """
                import os
                def double(x):
                    if os.fork() == 0:
                        os.setsid()
                        os._exit(0)
                    return 2 * x
                """,
                rf"double raised {NO_PROCESS}",
            ),
            Attack(
                "where processes are allowed: it costs no points, and dies",
                {
                    "double": code("""
                        import os, time
                        if os.fork() == 0:
                            os.setsid()
                            if os.fork() == 0:
                                for n in range(3, 256):
                                    try:
                                        os.close(n)
                                    except OSError:
                                        pass
                                time.sleep(60)
                            os._exit(0)
                        os.wait()
                        def double(x):
                            return 2 * x
                    """)
                },
                limits=PROCESSES,
                levels=(3,),
            ),
        ),
    ),
    Case(
        25,
        "`atexit` that never ends",
        both("the process is killed, not asked to end"),
        (
            Attack(
                "it costs no points",
                {
                    "double": code("""
                        import atexit
                        @atexit.register
                        def stay():
                            while True:
                                pass
                        def double(x):
                            return 2 * x
                    """)
                },
            ),
            attack(
                "and the process asked to end",
                """
                import atexit, sys, threading
                atexit.register(threading.Event().wait)
                def double(x):
                    sys.exit()
                """,
                "double raised SystemExit",
                limits=SLEEPY,
            ),
        ),
    ),
    Case(
        26,
        "a source cell of 100 MB",
        both("triage bounds the file before it reads it"),
        (
            Attack(
                "in the notebook",
                write=huge,
                status="rejected",
                reason="The file is too large",
            ),
        ),
    ),
]
