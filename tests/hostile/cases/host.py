"""Cases 27 to 42: getting at the machine, its files, its network, other people's work.

An attack that succeeds answers rightly, or says what it found: then it has points, or a secret is
in the grade. Signals that would hurt are preceded by one that is ignored by default.
"""

from __future__ import annotations

from tests.hostile.model import (
    BY_NUMBER,
    EVERYWHERE,
    Attack,
    Case,
    Lost,
    attack,
    both,
    code,
    together,
)

ENDED = r"double ended the notebook's process"
DENIED = r"(PermissionError|OSError: \[Errno (1|13|22|38)\]|ProcessLookupError)"
NO_FILE = r"(PermissionError|FileNotFoundError|NotADirectoryError)"
NO_SOCKET = r"(PermissionError|OSError|gaierror|URLError)"

FILES = {
    3: "the file is not there: only the interpreter, the student-side packages, the public files "
    "and the scratch folder are mounted",
    1: "Landlock: nothing may be read but these",
}
SYSCALLS = both("seccomp: a list of what is allowed")


def reads(*paths: str) -> Attack:
    """Return an attack that reads files and says what is in them, in every way there is."""
    body = f"PATHS = {list(paths)!r}\n" + code("""
        import glob, os
        def contents(path):
            with open(path, "rb") as file:
                return file.read().decode(errors="replace")
        def secrets():
            found, failures = [], []
            for pattern in PATHS:
                for path in glob.glob(pattern) or [pattern]:
                    try:
                        found.append(contents(path))
                    except OSError as failure:
                        failures.append(failure)
            if not found:
                raise failures[0]
            return "".join(found)
        try:
            print(secrets())
        except OSError as failure:
            print(failure)
        def double(x):
            raise LookupError(secrets())
        def mean_square(x):
            return secrets()
    """)
    return Attack(
        f"reads {', '.join(paths)}",
        {"double": body, "mean_square": "pass"},
        {
            "double": Lost(rf"double raised {NO_FILE}"),
            "mean_square": Lost(rf"mean_square raised {NO_FILE}"),
        },
    )


def writes(path: str, on: str = "double") -> Attack:
    """Return an attack that opens a file to write to it, without doing so."""
    return attack(
        f"writes to {path}",
        f"""
        def {on}(x):
            open({path!r}, "r+b").close()
            return 2 * x if "{on}" == "double" else np.mean(x**2)
        """,
        rf"{on} raised {NO_FILE}",
        on=on,
    )


LIBC = """\
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def double(x):
    refused = set()
    for call in (
CALLS    ):
        ctypes.set_errno(0)
        if call() >= 0:
            return 2 * x
        refused.add(errno.errorcode[ctypes.get_errno()])
    raise PermissionError(refused)
"""


def syscalls(name: str, lines: str, levels: tuple[int, ...] = EVERYWHERE) -> Attack:
    """Return an attack by system calls, each of which must be refused or be unknown."""
    calls = [line.partition("  #") for line in lines.strip().splitlines()]
    listed = "".join(
        f"        lambda: {call.strip()},{why and '  #'}{why}\n" for call, _, why in calls
    )
    source = LIBC.replace("CALLS", listed)
    refused = r"double raised PermissionError: \{('EPERM'|'ENOSYS'|, )+\}"
    return Attack(name, {"double": source}, {"double": Lost(refused)}, levels=levels)


CASES = [
    Case(
        27,
        "`os._exit(0)`",
        both("a process that ends early has answered nothing"),
        (
            together(
                "in a call and in a cell",
                attack("", "import os\ndef double(x):\n    os._exit(0)", ENDED),
                attack(
                    "",
                    "import os\nos._exit(0)",
                    "did not finish: cell mean_square ended the notebook's process",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        28,
        "`sys.exit()`",
        both("it is an exception like others"),
        (
            together(
                "in a call and in a cell",
                attack("", "import sys\ndef double(x):\n    sys.exit(0)", "raised SystemExit: 0"),
                attack(
                    "",
                    "import sys\nsys.exit()",
                    "stopped with SystemExit",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        29,
        "a null pointer is read",
        both("the crash ends the student's own process"),
        (
            attack(
                "by ctypes",
                "import ctypes\ndef double(x):\n    ctypes.string_at(0)\n    return 2 * x",
                ENDED,
            ),
        ),
    ),
    Case(
        30,
        "`kill(-1)`",
        both("seccomp: no signals"),
        (
            attack(
                "every process",
                """
                import os, signal
                def double(x):
                    os.kill(-1, signal.SIGURG)
                    return 2 * x
                """,
                rf"double raised {DENIED}",
            ),
        ),
    ),
    Case(
        31,
        "`kill(getppid())`, `kill(0)`",
        both("seccomp: no signals"),
        (
            together(
                "parent and group",
                attack(
                    "",
                    """
                    import os, signal
                    def double(x):
                        os.kill(os.getppid(), signal.SIGURG)
                        return 2 * x
                    """,
                    rf"double raised {DENIED}",
                ),
                attack(
                    "",
                    """
                    import os, signal
                    def mean_square(x):
                        for kill, target in ((os.kill, 0), (os.killpg, os.getpgrp())):
                            kill(target, signal.SIGURG)
                        return np.mean(x**2)
                    """,
                    rf"mean_square raised {DENIED}",
                    on="mean_square",
                ),
            ),
            attack(
                "itself: that is its own business",
                """
                import os, signal
                def double(x):
                    signal.raise_signal(signal.SIGKILL)
                    return 2 * x
                """,
                rf"{ENDED}|double raised {DENIED}",
            ),
        ),
    ),
    Case(
        32,
        "closing the kernel's sockets",
        both("a channel that is closed has answered nothing"),
        (
            attack(
                "all of them",
                "import os\ndef double(x):\n    os.closerange(0, 256)\n    return 2 * x",
                ENDED,
            ),
        ),
    ),
    Case(
        33,
        "`/etc/shadow`, `~/.ssh`",
        FILES,
        (reads("/etc/shadow", "@home@/.ssh/*", "~/.ssh/id_ed25519", "/root/.ssh/*"),),
    ),
    Case(
        34,
        "`/proc/1/environ`",
        {
            3: "an empty environment from the start; no `/proc`",
            1: "Landlock: no reading in `/proc`; an environment of its own",
        },
        (
            reads("/proc/1/environ", "/proc/[0-9]*/environ", "/proc/self/environ"),
            reads("/proc/1/cmdline", "/proc/[0-9]*/cmdline", "/proc/[0-9]*/maps"),
            Attack(
                "its own environment holds nothing of the host's",
                {
                    "double": code("""
                        import os
                        print(dict(os.environ))
                        def double(x):
                            raise LookupError(str(dict(os.environ)))
                    """)
                },
                {"double": Lost("double raised LookupError")},
            ),
        ),
    ),
    Case(
        35,
        "other students' folders",
        FILES,
        (
            reads("@course@/submitted/ada/01-target/target.ipynb", "../*/*.ipynb", "../../*"),
            writes("@course@/submitted/ada/01-target/target.ipynb"),
        ),
    ),
    Case(
        36,
        "`gradebook.db`, the course's key, the hidden checks",
        FILES,
        (
            reads(
                "@course@/gradebook.db",
                "@course@/.autograder/course.key",
                "@course@/solutions/01-target/*",
            ),
            writes("@course@/gradebook.db"),
            writes("@course@/.autograder/course.key"),
        ),
    ),
    Case(
        37,
        "TCP, UDP, DNS, sockets of the host's programs",
        {
            3: "seccomp: no sockets; a network namespace with nothing in it",
            1: "seccomp: no sockets; Landlock: no TCP, no abstract sockets",
        },
        tuple(
            attack(
                name,
                f"""
                import socket
                def double(x):
                    {body}
                    return 2 * x
                """,
                rf"double raised {NO_SOCKET}",
            )
            for name, body in {
                "TCP": 'socket.create_connection(("127.0.0.1", @port@), 2.0)',
                "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto("
                'b"x", ("127.0.0.1", @port@))',
                "DNS": 'socket.getaddrinfo("example.org", 80)',
                "an abstract socket": "socket.socket(socket.AF_UNIX).connect("
                '"\\0autograder-beacon-@port@")',
                "a server": 'socket.create_server(("127.0.0.1", 0))',
                "a page": '__import__("urllib.request").request.urlopen('
                '"http://127.0.0.1:@port@/", timeout=2.0)',
            }.items()
        ),
    ),
    Case(
        38,
        "AF_VSOCK, keyctl, io_uring, ptrace",
        SYSCALLS,
        (
            syscalls(
                "each by its number",
                """
                libc.syscall(41, 40, 1, 0)  # socket(AF_VSOCK)
                libc.syscall(41, 16, 3, 0)  # socket(AF_NETLINK)
                libc.syscall(250, 0, -3, 1)  # keyctl(KEYCTL_GET_KEYRING_ID, session)
                libc.syscall(248, b"user", b"a", b"b", 1, -2)  # add_key
                libc.syscall(425, 4, ctypes.create_string_buffer(200))  # io_uring_setup
                libc.syscall(101, 0, 0, 0, 0)  # ptrace(PTRACE_TRACEME)
                libc.syscall(310, os.getppid(), 0, 0, 0, 0, 0)  # process_vm_readv
                libc.syscall(319, b"a", 0)  # memfd_create
                libc.syscall(321, 0, 0, 0)  # bpf
                libc.syscall(298, 0, 0, -1, -1, 0)  # perf_event_open
                libc.syscall(323, 0)  # userfaultfd
                libc.syscall(434, os.getppid(), 0)  # pidfd_open
                """,
                BY_NUMBER,
            ),
            syscalls(
                "memory and queues that outlive a process",
                """
                libc.shmget(0, 2**20, 0o1600)
                libc.msgget(0, 0o1600)
                libc.semget(0, 1, 0o1600)
                libc.mq_open(b"/@mark@", 0o102, 0o600, None)
                """,
            ),
        ),
    ),
    Case(
        39,
        "remount, unshare",
        SYSCALLS,
        (
            syscalls(
                "each",
                """
                libc.mount(None, b"/@mark@", None, 32, None)  # MS_REMOUNT
                libc.mount(b"none", b"/@mark@", None, 32 | 4096, None)  # MS_REMOUNT | MS_BIND
                libc.unshare(0x10000000)  # CLONE_NEWUSER
                libc.unshare(0x00020000)  # CLONE_NEWNS
                libc.setns(0, 0)
                libc.chroot(b"/@mark@")
                libc.umount2(b"/@mark@", 2)
                """,
            ),
            syscalls(
                "those that libc has no name for",
                """
                libc.syscall(155, b".", b".")  # pivot_root
                libc.syscall(442, -1, b"", 0, 0, 0)  # mount_setattr
                libc.syscall(428, -100, b".", 1)  # open_tree(OPEN_TREE_CLONE)
                """,
                BY_NUMBER,
            ),
        ),
    ),
    Case(
        40,
        "`su`, setuid programs, other users",
        {
            3: "seccomp: no `execve`; no new privileges; no capabilities; no such programs",
            1: "seccomp: no `execve`; no new privileges",
        },
        (
            attack(
                "programs",
                """
                import os, subprocess
                def double(x):
                    for program in ("su", "sudo", "mount", "passwd"):
                        try:
                            subprocess.run([program, "--version"], check=True)
                            return 2 * x
                        except OSError as failure:
                            last = failure
                    try:
                        os.execv("/bin/true", ["true"])
                    except OSError as failure:
                        last = failure
                    raise last
                """,
                r"double raised (PermissionError|OSError|FileNotFoundError|BlockingIOError)",
            ),
            syscalls(
                "becoming somebody else",
                """
                libc.setresuid(0, 0, 0)
                libc.setresuid(12345, 12345, 12345)
                libc.setresgid(0, 0, 0)
                libc.setgroups(0, None)
                libc.chown(b".", 0, 0)
                libc.prctl(38, 0, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS, to 0
                libc.prctl(47, 2, 0, 0, 0)  # PR_CAP_AMBIENT_RAISE
                """,
            ),
        ),
    ),
    Case(
        41,
        "the environment of whoever grades: packages, `sitecustomize`, the checkout",
        {
            3: "mounted to be read only, or not at all",
            1: "Landlock: no writing outside the scratch folder",
        },
        (
            writes("@packages@/numpy/__init__.py"),
            writes("@repository@/autograder/errors.py"),
            attack(
                "new files",
                """
                import os, sys
                import numpy
                def double(x):
                    own = os.path.dirname(os.path.dirname(numpy.__file__))
                    failures = []
                    for folder in (own, "@packages@", "@repository@", sys.prefix, "/", "/usr/lib"):
                        path = os.path.join(folder, "sitecustomize_@mark@.py")
                        try:
                            open(path, "w").close()
                            os.unlink(path)
                            return 2 * x
                        except OSError as failure:
                            failures.append(failure)
                    raise failures[-1]
                """,
                rf"double raised ({NO_FILE}|OSError: \[Errno 30\])",
            ),
        ),
    ),
    Case(
        42,
        "raising a limit",
        both("hard limits; seccomp: no `setrlimit`"),
        (
            attack(
                "each",
                """
                import resource
                def double(x):
                    names = ("AS", "NPROC", "FSIZE", "NOFILE", "CPU", "CORE", "DATA", "STACK")
                    failures = []
                    for name in names:
                        limit = getattr(resource, f"RLIMIT_{name}")
                        soft, hard = resource.getrlimit(limit)
                        if hard == resource.RLIM_INFINITY:
                            continue
                        try:
                            resource.setrlimit(limit, (hard + 1, hard + 1))
                            return 2 * x
                        except (OSError, ValueError) as failure:
                            failures.append(failure)
                    raise failures[-1]
                """,
                r"double raised (PermissionError|OSError|ValueError)",
            ),
        ),
    ),
]
