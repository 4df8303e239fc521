"""The system call filter: what it says of every number, and what code runs into."""

from __future__ import annotations

import ctypes
import errno
import json
import platform
import random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import pytest

from autograder.errors import JailUnavailable
from autograder.jail import seccomp, syscalls
from autograder.jail.confine import Policy

ALLOW, KILL_PROCESS = 0x7FFF_0000, 0x8000_0000
ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
I386 = 0x4000_0003
X32 = 0x4000_0000

HIGHEST = 600
ARGUMENTS = (0, 1, 2, 0o1000, 0o1001, 0x5401, 0x5412, 1 << 16, (1 << 16) | (1 << 28), 2**64 - 1)

x86_64_only = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="numbers of Linux on x86_64"
)


def errno_of(number: int) -> int:
    return 0x0005_0000 | number


def verdict(program: bytes, number: int, *arguments: int, architecture: int = 0) -> int:
    """Interpret the program as the kernel does."""
    known = ARCHITECTURES[platform.machine()]
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, architecture or known, 0, *padded)
    position = register = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, 8 * position)
        position += 1
        match code:
            case 0x20:  # load a word of the data
                (register,) = struct.unpack_from("=I", data, value)
            case 0x54:
                register &= value
            case 0x05:
                position += value
            case 0x15:
                position += if_true if register == value else if_false
            case 0x25:
                position += if_true if register > value else if_false
            case 0x35:
                position += if_true if register >= value else if_false
            case 0x45:
                position += if_true if register & value else if_false
            case 0x06:
                return value
            case _:
                raise AssertionError(f"instruction {code:#x}")


@cache
def numbers() -> dict[str, int]:
    """Return the number of every call of this machine that libseccomp knows, by name."""
    library = ctypes.CDLL(seccomp.LIBRARY)
    library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
    found = {}
    for number in range(HIGHEST):
        name = library.seccomp_syscall_resolve_num_arch(0, number)
        if name:
            found[name.decode()] = number
    return found


def expected(name: str, arguments: tuple[int, ...], *, processes: bool) -> int:
    """Say what the tables mean, without libseccomp."""
    conditional = syscalls.CONDITIONAL + (syscalls.CHILDREN if processes else syscalls.ALONE)
    pretended = syscalls.PRETENDED_RULES + (syscalls.CHILDREN_PRETENDED if processes else ())
    tables = syscalls.ALLOWED + (syscalls.PROCESSES if processes else "")

    def holds(rules: tuple[syscalls.Rule, ...]) -> bool:
        return any(
            rule == name and all(arguments[a.number] & a.mask == a.value for a in conditions)
            for rule, conditions in rules
        )

    if name in syscalls.names(tables) or holds(conditional):
        return ALLOW
    if name in syscalls.names(syscalls.DENIED) or (not processes and holds(syscalls.ALONE_DENIED)):
        return errno_of(errno.EPERM)
    if name in syscalls.names(syscalls.UNSUPPORTED):
        return errno_of(errno.ENOTSUP)
    if name in syscalls.names(syscalls.PRETENDED) or holds(pretended):
        return errno_of(0)
    return errno_of(errno.ENOSYS)


@pytest.mark.parametrize("processes", [False, True])
def test_every_call_gets_what_the_tables_say(program, processes):
    program = seccomp.compile_policy(processes=processes)
    assert len(program) // 8 <= 4096
    named = {number: name for name, number in numbers().items()}
    rng = random.Random(1)
    for number in range(HIGHEST):
        name = named.get(number, "")
        some = [tuple(rng.choice(ARGUMENTS) for _ in range(6)) for _ in range(40)]
        for arguments in [(0,) * 6, (2**64 - 1,) * 6, *some]:
            want = expected(name, arguments, processes=processes)
            assert verdict(program, number, *arguments) == want, (name, arguments)


def interesting(name: str) -> Iterator[tuple[int, ...]]:
    """Yield arguments at and around the values that the rules of a call look for."""
    pools = [{0, 2**64 - 1, 1 << 32} for _ in range(6)]
    rules = (
        *(*syscalls.CONDITIONAL, *syscalls.ALONE, *syscalls.ALONE_DENIED, *syscalls.CHILDREN),
        *(*syscalls.PRETENDED_RULES, *syscalls.CHILDREN_PRETENDED),
    )
    for rule, conditions in rules:
        if rule == name:
            for condition in conditions:
                value = condition.value
                pools[condition.number] |= {value, value ^ 1, value | 1 << 32, value | 1 << 12}
    looked_at = [pool if len(pool) > 3 else {0} for pool in pools]
    yield from product(*looked_at)


@pytest.mark.parametrize("processes", [False, True])
def test_conditions_on_arguments_are_exact(program, processes):
    program = seccomp.compile_policy(processes=processes)
    conditional = {name for name, _ in syscalls.CONDITIONAL + syscalls.ALONE} & set(numbers())
    assert len(conditional) >= 9
    for name in conditional:
        answers = set()
        for arguments in interesting(name):
            want = expected(name, arguments, processes=processes)
            assert verdict(program, numbers()[name], *arguments) == want, (name, arguments)
            answers.add(want)
        assert ALLOW in answers
        wanted = {"clone": 3 - processes, "getpgid": 2 - processes, "fcntl": 3}
        wanted |= {"mmap": 1 if processes else 3, "rt_sigaction": 1 + processes}
        assert len(answers) == wanted.get(name, 2), name


@x86_64_only
@pytest.mark.parametrize("processes", [False, True])
def test_calls_of_another_table_kill(program, processes):
    program = seccomp.compile_policy(processes=processes)
    for number in (0, 1, 39, 500):
        assert verdict(program, number, architecture=I386) == KILL_PROCESS
        assert verdict(program, X32 | number) == KILL_PROCESS


@x86_64_only
@pytest.mark.parametrize("processes", [False, True])
def test_the_policy_means_the_same_on_aarch64(program, monkeypatch, processes):
    """Compiled here for that machine; its own names and numbers."""
    there = ARCHITECTURES["aarch64"]
    library = ctypes.CDLL(seccomp.LIBRARY)
    library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
    begin, add = seccomp._Rules.__init__, seccomp._Rules.add

    def begin_there(rules):
        begin(rules)
        assert library.seccomp_arch_add(rules._filter, ctypes.c_uint32(there)) == 0
        here = ctypes.c_uint32(ARCHITECTURES["x86_64"])
        assert library.seccomp_arch_remove(rules._filter, here) == 0

    def add_there(rules, action, name, conditions=()):
        if library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(there), name.encode()) >= 0:
            add(rules, action, name, conditions)

    monkeypatch.setattr(seccomp._Rules, "__init__", begin_there)
    monkeypatch.setattr(seccomp._Rules, "add", add_there)
    program = seccomp.compile_policy(processes=processes)
    seen = set()
    for number in range(HIGHEST):
        name = (library.seccomp_syscall_resolve_num_arch(there, number) or b"").decode()
        seen.add(name)
        for arguments in interesting(name):
            want = expected(name, arguments, processes=processes)
            assert verdict(program, number, *arguments, architecture=there) == want, name
    assert {"openat", "clone", "futex", "ppoll", "newfstatat", "mkdirat"} <= seen
    assert verdict(program, 1, architecture=ARCHITECTURES["x86_64"]) == KILL_PROCESS


def test_no_table_contradicts_another():
    allowed = syscalls.names(syscalls.ALLOWED)
    others = [
        name
        for table in (syscalls.DENIED, syscalls.UNSUPPORTED, syscalls.PRETENDED)
        for name in syscalls.names(table)
    ]
    conditional = [name for name, _ in (*syscalls.CONDITIONAL, *syscalls.ALONE)]
    assert len(set(allowed)) == len(allowed)
    assert len(set(others)) == len(others)
    assert not set(allowed) & set(others)
    assert not set(conditional) & (set(allowed) | set(others))
    assert "clone3" not in (*allowed, *others), "with ENOSYS the C library falls back to clone"


def test_what_may_never_be_allowed(program):
    """Whatever else the tables say: these would open the jail."""
    never = {
        *("ptrace", "process_vm_readv", "process_vm_writev", "bpf", "keyctl", "add_key", "mount"),
        *("io_uring_setup", "userfaultfd", "perf_event_open", "unshare", "setns", "clone3"),
        *("socket", "connect", "bind", "sendmsg", "recvmsg", "memfd_create", "shmget", "mq_open"),
        *("setrlimit", "setuid", "chown", "chmod", "utimensat", "symlink", "mknod", "truncate"),
        *("pidfd_open", "open_by_handle_at", "inotify_init1", "seccomp", "timer_create"),
        *("setsockopt", "personality", "modify_ldt", "chroot", "pivot_root", "process_madvise"),
    }
    alone = {"fork", "vfork", "execve", "kill", "tkill", "tgkill", "rt_sigqueueinfo", "link"}
    with_processes = seccomp.compile_policy(processes=True)
    for name in (never | alone) & set(numbers()):
        for value in ARGUMENTS:
            assert verdict(program, numbers()[name], *[value] * 6) != ALLOW, name
            if name in never:
                assert verdict(with_processes, numbers()[name], *[value] * 6) != ALLOW, name


WORKS = {
    "numpy": """
        import numpy as np
        a = np.random.default_rng(1).normal(size=(300, 300))
        np.linalg.svd(a); np.linalg.solve(a, a @ a)
    """,
    "arrays in files": """
        import numpy as np, io, os
        a = np.arange(12.0).reshape(3, 4)
        np.save("a.npy", a); np.savez_compressed("a.npz", a=a); np.savetxt("a.txt", a)
        assert (np.load("a.npy", mmap_mode="r") == a).all()
        m = np.load("a.npy", mmap_mode="r+"); m[0] = 7; m.flush(); del m
        assert np.load("a.npy")[0, 0] == 7
        assert (np.load("a.npz")["a"] == a).all() and (np.loadtxt("a.txt") == a).all()
    """,
    "figures": """
        import io, matplotlib.pyplot as plt
        plt.switch_backend("agg")
        plt.plot([1, 2, 3]); plt.title("$x^2$")
        plt.savefig("figure.png"); plt.savefig(io.BytesIO(), format="svg")
        assert open("figure.png", "rb").read(4) == b"\\x89PNG"
    """,
    "threads": """
        import threading, queue
        from concurrent.futures import ThreadPoolExecutor
        q = queue.Queue()
        threads = [threading.Thread(target=q.put, args=(k,), name=f"t{k}") for k in range(8)]
        for t in threads: t.start()
        for t in threads: t.join(5)
        assert sorted(q.get() for _ in threads) == list(range(8))
        with ThreadPoolExecutor(4) as pool: assert sum(pool.map(abs, range(-9, 1))) == 45
        event = threading.Event(); threading.Timer(0.01, event.set).start(); assert event.wait(5)
    """,
    "asyncio": """
        import asyncio
        async def main():
            await asyncio.sleep(0.01)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, lambda: 3) + sum(
                await asyncio.gather(asyncio.to_thread(abs, -1), asyncio.to_thread(abs, -2)))
        assert asyncio.run(main()) == 6
    """,
    "files": """
        import os, shutil, tempfile, pathlib, zipfile, json, csv, sqlite3, fcntl
        here = pathlib.Path("files"); here.mkdir()
        (here / "a").write_text("one"); (here / "a").rename(here / "b")
        os.replace(here / "b", "c"); shutil.move("c", here / "c")
        shutil.copy(here / "c", here / "d"); shutil.copy2(here / "c", here / "e")
        shutil.copytree(here, "tree"); assert sorted(os.listdir("tree")) == ["c", "d", "e"]
        with zipfile.ZipFile("z.zip", "w") as z: z.write(here / "d")
        shutil.unpack_archive("z.zip", "out"); shutil.make_archive("t", "gztar", "tree")
        shutil.unpack_archive("t.tar.gz", "out2")
        with open("f", "r+b" if os.path.exists("f") else "w+b") as f:
            f.write(b"x" * 100); f.flush(); os.fsync(f.fileno()); f.truncate(10)
            fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_UN)
            os.posix_fallocate(f.fileno(), 0, 50); assert os.fstat(f.fileno()).st_size == 50
        with tempfile.TemporaryDirectory() as d:
            with tempfile.NamedTemporaryFile(dir=d) as g: g.write(b"1")
        with tempfile.TemporaryFile() as g: g.write(b"2")
        with sqlite3.connect("s.db") as db: db.execute("create table t (x)")
        db.close()
        shutil.rmtree("tree"); [p for p in pathlib.Path().rglob("*")]; os.walk(".")
        pathlib.Path("touched").touch(); os.chdir("files"); os.getcwd(); os.statvfs(".")
        os.chmod("c", 0o600); os.utime("c", (1, 1)); os.access("c", os.R_OK)
    """,
    "clocks": """
        import time, datetime, timeit, signal, select
        time.sleep(0.001); time.perf_counter(); time.process_time(); time.thread_time()
        datetime.datetime.now(); datetime.datetime.now().astimezone(); time.localtime()
        rang = []
        signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.05); assert rang
        signal.alarm(0); select.select([], [], [], 0)
    """,
    "the machine": """
        import os, platform, getpass, random, secrets, uuid, locale, shutil, sys, warnings, resource
        os.cpu_count(); os.sched_getaffinity(0); os.getpid(); os.getppid(); os.getloadavg
        platform.platform(); platform.python_version(); os.uname(); os.urandom(3)
        secrets.token_hex(); random.SystemRandom().random(); uuid.uuid4()
        locale.getlocale(); shutil.get_terminal_size(); sys.stdout.isatty()
        shutil.disk_usage("."); resource.getrlimit(resource.RLIMIT_AS)
        resource.getrusage(resource.RUSAGE_SELF); os.times(); os.isatty(0)
    """,
    "late imports": """
        import decimal, ctypes, bz2, lzma, zlib, hashlib, ssl, unittest, doctest, pdb, cProfile
        import multiprocessing, subprocess, socket, http.client, urllib.request, xml.dom.minidom
        hashlib.sha256(b"x").hexdigest(); cProfile.run("1 + 1")
    """,
    "pipes and socket pairs": """
        import os, socket, select
        r, w = os.pipe(); os.write(w, b"x"); assert select.select([r], [], [], 1)[0] == [r]
        d = os.dup(r); os.dup2(r, d); assert os.read(d, 1) == b"x"
        a, b = socket.socketpair(); a.sendall(b"hello"); assert b.recv(9) == b"hello"
        a.setblocking(False); a.shutdown(socket.SHUT_RDWR); a.close(); b.close()
        p = select.epoll(); p.register(w); p.poll(0); p.close(); os.set_blocking(r, False)
    """,
    "signals of its own": """
        import signal, sys, traceback
        def deep(n): return deep(n + 1)
        try: deep(0)
        except RecursionError: pass
        signal.signal(signal.SIGINT, signal.default_int_handler); signal.pthread_sigmask(0, [])
    """,
    "the agent's shell": """
        from autograder.session.shell import Shell
        shell = Shell.instance()
        def cell(source):
            outputs, error = shell.execute(source)
            return [kind for o in outputs for kind in o.get("data", [o["output_type"]])], error
        assert cell("import asyncio; await asyncio.sleep(0); x = 3\\nx") == (["text/plain"], "")
        assert cell("%matplotlib inline") == ([], "")
        kinds, error = cell(
            "import matplotlib.pyplot as plt; f, ax = plt.subplots(); ax.plot([1, x]); plt.show()"
        )
        assert "image/png" in kinds and not error, error
        assert cell("%timeit -n1 -r1 1 + 1") == (["stream"], "")
        assert cell("%%capture out\\nprint(1)") == ([], "")
        assert cell("1 / 0") == (["error"], "ZeroDivisionError: division by zero")
        assert cell("%%writefile a.py\\nb = 4")[1] == ""
        assert cell("import sys; sys.path.insert(0, ''); import a; assert a.b == 4") == ([], "")
        assert "PermissionError" in cell("import os; os.fork()")[1]
        assert cell("!true; ls") == (["stream"], ""), "it says that it was not run"
    """,
}


def dedented(snippet: str) -> str:
    lines = snippet.strip("\n").splitlines()
    return "\n".join(line[8:] for line in lines)


@pytest.mark.parametrize("what", WORKS)
def test_honest_code_works_under_the_filter(run, filtered, what):
    run(dedented(WORKS[what]), filtered)


@pytest.mark.parametrize("what", WORKS)
def test_honest_code_works_under_everything(run, level_1, what, scratch):
    folder = f"all {what}"
    with_folder = f"import os; os.makedirs({folder!r}); os.chdir({folder!r})\n"
    run(with_folder + dedented(WORKS[what]), level_1)


FAILS = {
    "os.fork": "import os; os.fork()",
    "subprocess": "import subprocess; subprocess.run(['true'])",
    "posix_spawn": "import os; os.posix_spawn('/bin/true', ['true'], {})",
    "execv": "import os; os.execv('/bin/true', ['true'])",
    "multiprocessing": "import multiprocessing as m; p = m.Process(target=int); p.start()",
    "a TCP socket": "import socket; socket.socket()",
    "a UDP socket": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "a unix socket": "import socket; socket.socket(socket.AF_UNIX)",
    "a vsock": "import socket; socket.socket(socket.AF_VSOCK)",
    "a netlink socket": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "a datagram pair": "import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "a connection": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "sending a descriptor": """
import array, socket
a, b = socket.socketpair()
a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])
""",
    "out-of-band data": "import socket; socket.socketpair()[0].send(b'x', socket.MSG_OOB)",
    "a socket option": "import socket; socket.socketpair()[0].setsockopt(1, 7, 1 << 20)",
    "kill of the parent": "import os; os.kill(os.getppid(), 0)",
    "kill of all": "import os; os.kill(-1, 0)",
    "kill of itself": "import os; os.kill(os.getpid(), 0)",
    "killpg": "import os; os.killpg(0, 0)",
    "a signal by fcntl": "import fcntl, os; fcntl.fcntl(os.pipe()[0], 8, os.getppid())",
    "a new session": "import os; os.setsid()",
    "a higher limit": "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (9, 9))",
    "another's limit": "import os, resource as r; r.prlimit(os.getppid(), r.RLIMIT_AS)",
    "nice": "import os; os.nice(1)",
    "setuid": "import os; os.setuid(os.getuid())",
    "chown": "import os; os.chown('.', os.getuid(), os.getgid())",
    "symlink": "import os; os.symlink('/etc/passwd', 'link')",
    "hard link": "import os; open('x', 'w').close(); os.link('x', 'y')",
    "fifo": "import os; os.mkfifo('fifo')",
    "truncation by name": "import os; open('x', 'w').close(); os.truncate('x', 0)",
    "truncation without writing": "import os; os.open('x', os.O_RDONLY | os.O_CREAT | os.O_TRUNC)",
    "an extended attribute": "import os; open('x', 'w').close(); os.setxattr('x', 'user.a', b'1')",
    "memfd": "import os; os.memfd_create('x')",
    "shared memory": "import mmap; mmap.mmap(-1, 4096)",
    "descriptors of its own": "import ctypes; assert not ctypes.CDLL(None).close_range(99, 99, 2)",
    "chroot": "import os; os.chroot('.')",
    "affinity": "import os; os.sched_setaffinity(0, os.sched_getaffinity(0))",
    "the terminal's input": "import fcntl; fcntl.ioctl(0, 0x5412, b'x')",
    "a locked page": "import ctypes; assert ctypes.CDLL(None).mlockall(1) == 0",
    "a pidfd": "import os; os.pidfd_open(os.getppid())",
}

REPORT = """
import json, os, sys
answers = {}
for name, snippet in json.loads(sys.argv[3]).items():
    try:
        exec(snippet, {})
    except (OSError, ValueError, AssertionError) as error:
        answers[name] = type(error).__name__
    else:
        answers[name] = ""
    if os.getpid() != int(open("pid").read() if os.path.exists("pid") else os.getpid()):
        os._exit(0)
    open("pid", "w").write(str(os.getpid()))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def failures(run, filtered) -> dict[str, str]:
    return json.loads(run(REPORT, filtered, json.dumps(FAILS)))


@pytest.mark.parametrize("what", FAILS)
def test_what_is_denied_raises(failures, what):
    assert failures[what], "it worked"


@pytest.mark.parametrize("what", ["os.fork", "subprocess", "a TCP socket", "kill of the parent"])
def test_well_known_calls_say_that_they_are_not_permitted(failures, what):
    assert failures[what] == "PermissionError"


def test_modes_and_times_only_seem_to_change(run, filtered, scratch):
    run("import os; open('mine', 'w').close()", filtered)
    before = (scratch / "mine").stat()
    run("import os; os.chmod('mine', 0o777); os.utime('mine', (1, 1)); f = open('mine')\n"
        "os.fchmod(f.fileno(), 0o777); os.utime(f.fileno(), (1, 1))", filtered)  # fmt: skip
    after = (scratch / "mine").stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


RAW = """
import ctypes, json, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
answers = {}
for name, number in json.loads(sys.argv[3]).items():
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
    answers[name] = [result, ctypes.get_errno()]
print(json.dumps(answers))
"""


def test_dangerous_numbers_are_answered_with_an_error(run, filtered):
    """The kernel itself, not our reading of the program; arguments of -1 would do no harm."""
    names = [*syscalls.names(syscalls.DENIED), "clone3", "timer_create", "memfd_secret"]
    asked = {name: numbers()[name] for name in names if name in numbers()}
    answers = json.loads(run(RAW, filtered, json.dumps(asked)))
    assert len(answers) > 100
    for name, (result, number) in answers.items():
        want = errno.EPERM if name in syscalls.names(syscalls.DENIED) else errno.ENOSYS
        assert (result, number) == (-1, want), name


MACHINE_CODE = """
import ctypes, mmap, sys
own = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
page = mmap.mmap(-1, 4096, own, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex(sys.argv[3]))
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
ctypes.CFUNCTYPE(ctypes.c_int)(address)()
print("alive")
"""


@x86_64_only
@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("b814000000cd80c3", "mov eax, 20 (getpid of i386); int 0x80; ret"),
        ("b8270000400f05c3", "mov eax, 39 | x32 (getpid of x32); syscall; ret"),
    ],
)
def test_another_architectures_calls_end_the_process(attempt, filtered, code, what):
    done = attempt(MACHINE_CODE, filtered, code)
    assert done.returncode < 0, what
    assert "alive" not in done.stdout


@x86_64_only
def test_this_architectures_machine_code_is_code_like_any_other(run, filtered):
    assert run(MACHINE_CODE, filtered, "b8270000000f05c3") == "alive\n"


def test_the_filter_holds_for_threads_that_were_there_before(program):
    script = f"""
import os, threading
from autograder.jail import seccomp
go, answers = threading.Event(), []
def work():
    go.wait()
    try: os.fork()
    except OSError as error: answers.append(type(error).__name__)
thread = threading.Thread(target=work); thread.start()
seccomp.install(bytes.fromhex({program.hex()!r}))
go.set(); thread.join(); print(answers)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['PermissionError']\n"


def test_a_filter_cannot_be_replaced(run, filtered):
    snippet = """
from autograder.errors import JailUnavailable
from autograder.jail import seccomp
for step in (lambda: seccomp.install(b"\\6\\0\\0\\0\\0\\0\\xff\\x7f"), seccomp._require_kernel):
    try: step()
    except JailUnavailable as error: print(error.reason)
"""
    assert run(snippet, filtered).splitlines() == [
        "PR_SET_NO_NEW_PRIVS failed (Function not implemented)",
        "the kernel offers no seccomp filters (Operation not permitted)",
    ]


PROCESSES_WORK = """
import multiprocessing, os, signal, subprocess, sys, time
assert subprocess.run(["echo", "x"], capture_output=True, text=True).stdout == "x\\n"
assert subprocess.run("exit 3", shell=True).returncode == 3 and os.system("true") == 0
child = subprocess.Popen(["sleep", "60"]); child.kill(); assert child.wait() == -9
with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
code = "import socket\\ntry: socket.socket()\\nexcept PermissionError: print('denied')"
done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
assert done.stdout == "denied\\n"
for step in (lambda: os.unshare(0x10000000), lambda: os.chroot(".")):
    try: step()
    except (AttributeError, PermissionError): pass
    else: raise SystemExit(1)
"""


def test_processes_where_they_are_allowed(run, program):
    run(PROCESSES_WORK, Policy.of({}, seccomp.compile_policy(processes=True)))


NAMESPACES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for flag in (1 << 17, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30):
    ctypes.set_errno(0)
    pid = libc.syscall(ctypes.c_long(56), ctypes.c_long(flag | 17), *[ctypes.c_long(0)] * 4)
    if pid == 0: os._exit(0)
    assert pid == -1 and ctypes.get_errno() == 38, (flag, pid, ctypes.get_errno())
"""


@x86_64_only
def test_children_get_no_namespaces(run, program):
    run(NAMESPACES, Policy.of({}, seccomp.compile_policy(processes=True)))


def test_a_broken_program_is_refused():
    for program in (b"", b"1234567"):
        with pytest.raises((ValueError, JailUnavailable)) as caught:
            seccomp.install(program)
        if seccomp.available() == "":
            assert str(caught.value) == (
                f"a seccomp program has 8 bytes an instruction, got {len(program)} bytes"
            )


def test_a_program_that_the_kernel_refuses(program):
    script = (
        "from autograder.jail import seccomp\n"
        "try: seccomp.install(b'\\xff' * 8)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "JailUnavailable No jail: the kernel refused the seccomp filter (Invalid argument)."
        " Use a kernel with CONFIG_SECCOMP_FILTER; every distribution's has it.\n"
    )


@pytest.mark.parametrize(
    ("machine", "reason"),
    [("riscv64", "there is no seccomp policy for Linux on riscv64")],
)
def test_an_unknown_architecture_has_no_policy(monkeypatch, machine, reason):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert seccomp.available() == reason
    with pytest.raises(JailUnavailable, match="Grade on Linux on x86_64 or aarch64"):
        seccomp.install(b"12345678")


def test_without_libseccomp_there_is_no_policy(program, monkeypatch):
    monkeypatch.setattr(seccomp, "LIBRARY", "libseccomp-that-is-not-there.so")
    assert seccomp.available() == "libseccomp-that-is-not-there.so was not found"
    with pytest.raises(JailUnavailable, match="apt install libseccomp2"):
        seccomp.compile_policy()


def test_compiling_is_repeatable_and_differs_with_processes(program):
    assert seccomp.compile_policy() == program
    assert seccomp.compile_policy(processes=True) != program


Attempt = Callable[..., subprocess.CompletedProcess[str]]


def test_leaving_by_a_crash_is_possible(attempt: Attempt, filtered: Policy):
    """The filter must not turn an abort into a process that goes on."""
    for snippet in ("import os; os.abort()", "import ctypes; ctypes.string_at(0)"):
        assert attempt(snippet, filtered).returncode < 0
