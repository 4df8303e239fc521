"""A process locks itself in; what fails stops it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.errors import JailUnavailable
from autograder.jail import confine, kernel, landlock, seccomp, syscalls
from autograder.jail.confine import Policy

MODULES = (confine, kernel, landlock, seccomp, syscalls)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="a process of Linux")


def test_a_policy_survives_the_command_line():
    policy = Policy.of({"AS": 1, "CORE": 0}, b"\x00\xff" * 4, ["/usr", "/é"], ["/tmp/a b"], ["/"])
    again = Policy.from_argument(policy.to_argument())
    assert again == policy
    assert again.program() == b"\x00\xff" * 4
    assert "\n" not in policy.to_argument()


def test_an_empty_policy_survives_too():
    assert Policy.from_argument(Policy().to_argument()) == Policy()
    assert Policy().program() == b""


GOOD = {"rlimits": {}, "seccomp": "", "read": None, "write": [], "listed": []}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": 1}, "a policy has the entries"),
        ({"rlimits": []}, "rlimits: numbers by name expected"),
        ({"rlimits": {"AS": "1"}}, "rlimits: numbers by name expected"),
        ({"rlimits": {"AS": -1}}, "rlimits: numbers by name expected"),
        ({"rlimits": {"AS": True}}, "rlimits: numbers by name expected"),
        ({"rlimits": {"AS": 1.0}}, "rlimits: numbers by name expected"),
        ({"seccomp": "?"}, "seccomp: a program in base64 expected"),
        ({"seccomp": None}, "seccomp: a program in base64 expected"),
        ({"seccomp": "é"}, "seccomp|ASCII"),
        ({"read": "/usr"}, "read: a list of paths expected"),
        ({"read": {}}, "read: a list of paths expected"),
        ({"read": [1]}, "read: a list of paths expected"),
        ({"read": [], "write": None}, "write: a list of paths expected"),
        ({"read": [], "listed": "/"}, "listed: a list of paths expected"),
        ({"write": ["/tmp"]}, "without read there is no Landlock"),
        ({"listed": ["/tmp"]}, "without read there is no Landlock"),
    ],
)
def test_a_policy_that_is_not_understood_is_none(change, message):
    assert Policy.from_argument(json.dumps(GOOD))
    with pytest.raises(ValueError, match=message):
        Policy.from_argument(json.dumps({**GOOD, **change}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"rlimits": {}}'])
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(ValueError, match=r"a policy has the entries|Expecting"):
        Policy.from_argument(text)


LIMITS = {
    "AS": 3 << 30,
    "CPU": 1000,
    "FSIZE": 1 << 16,
    "MEMLOCK": 0,
    "NOFILE": 100,
    "NPROC": 1 << 14,
}


@linux_only
def test_limits_are_hard(run):
    snippet = """
import json, resource
print(json.dumps({name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))
    for name in ("AS", "CPU", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "CORE")}))
"""
    limits = json.loads(run(snippet, Policy.of(LIMITS)))
    assert limits == {name: [value, value] for name, value in {**LIMITS, "CORE": 1}.items()}


@linux_only
@pytest.mark.parametrize(
    ("snippet", "error"),
    [
        ("bytearray(4 << 30)", "MemoryError"),
        ("import numpy as np; np.ones(1 << 29)", "MemoryError"),
        ("f = open('big', 'wb'); f.write(bytes(1 << 17)); f.close()", "[Errno 27]"),
        ("f = open('big', 'wb'); f.truncate(1 << 20)", "[Errno 27]"),
        ("import os; os.posix_fallocate(os.open('f', 66), 0, 1 << 20)", "[Errno 27]"),
        ("a = [open('/dev/null') for _ in range(200)]", "[Errno 24]"),
        ("import resource as r; r.setrlimit(r.RLIMIT_AS, (5 << 30, 5 << 30))", ""),
    ],
)
def test_limits_raise_and_do_not_kill(run, program, snippet, error):
    guarded = f"""
try:
    exec({snippet!r})
except (MemoryError, OSError, ValueError) as error:
    print(type(error).__name__, error)
else:
    print("it worked")
"""
    printed = run(guarded, Policy.of(LIMITS, program))
    assert error in printed
    assert "it worked" not in printed


@linux_only
def test_a_lower_limit_of_before_stays(attempt):
    script = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
    script += "from autograder.jail.confine import Policy, apply\n"
    script += "apply(Policy.of({'NOFILE': 100}), keep=3)\n"
    script += "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "(64, 64)\n"


CORE = """
import ctypes, resource, sys
hard = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
from autograder.jail.confine import Policy, apply
from autograder.jail import confine
from pathlib import Path
confine.CORE_PATTERN = Path(sys.argv[2])
apply(Policy(), keep=3)
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@linux_only
@pytest.mark.parametrize(
    ("hard", "pattern", "printed"),
    [
        ("9999", "|/usr/lib/systemd/systemd-coredump %P", "(1, 1) 1\n"),
        ("0", "|/usr/lib/systemd/systemd-coredump %P", "(0, 0) 0\n"),
        ("0", "core", "(0, 0) 1\n"),
        ("0", None, "(0, 0) 0\n"),
    ],
)
def test_a_crash_starts_no_program_on_the_host(tmp_path, hard, pattern, printed):
    """Limit 1, or where that is impossible and needed a process that is not dumpable."""
    told = tmp_path / "core_pattern"
    if pattern is not None:
        told.write_text(pattern)
    done = subprocess.run(
        [sys.executable, "-c", CORE, hard, str(told)], capture_output=True, text=True, check=True
    )
    assert done.stdout == printed


DESCRIPTORS = """
import json, os, sys
from autograder.jail.confine import Policy, apply
keep = int(sys.argv[1])
apply(Policy.of({"NOFILE": 64}), keep=keep)
still = []
for number in range(1200):
    try: os.fstat(number)
    except OSError: continue
    still.append(number)
print(json.dumps(still))
"""


@linux_only
@pytest.mark.parametrize("offset", [0, 3])
def test_inherited_descriptors_are_closed(offset):
    """Of this process's pipes one end is kept; one far above the later limit is closed too."""
    ends = [end for _ in range(4) for end in os.pipe()]
    far = os.dup2(ends[0], 1100)
    keep = sorted(ends)[offset]
    try:
        done = subprocess.run(
            [sys.executable, "-c", DESCRIPTORS, str(keep)],
            capture_output=True,
            text=True,
            check=True,
            pass_fds=[*ends, far],
        )
    finally:
        for end in (*ends, far):
            os.close(end)
    assert json.loads(done.stdout) == [0, 1, 2, keep]


@linux_only
def test_standard_input_may_be_the_channel():
    done = subprocess.run(
        [sys.executable, "-c", DESCRIPTORS, "0"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [0, 1, 2]


@linux_only
def test_new_files_are_private_and_privileges_are_gone(run, scratch):
    snippet = """
import ctypes
open("private", "w").close()
print(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))  # PR_GET_NO_NEW_PRIVS
"""
    assert run(snippet, Policy()) == "1\n"
    assert (scratch / "private").stat().st_mode & 0o777 == 0o600


FAILING = """
import sys
from autograder.jail import confine, kernel, landlock, seccomp, syscalls
from autograder.jail.confine import Policy, apply
sys.modules["resource"]
{before}
try:
    apply({policy}, keep=3)
except Exception as error:
    print(type(error).__name__, error)
else:
    print("it went on")
"""


@linux_only
@pytest.mark.parametrize(
    ("before", "policy", "printed"),
    [
        ("", "Policy({'SPEED': 1})", "ValueError rlimits: there is no RLIMIT_SPEED on this system"),
        ("", "Policy(seccomp='?')", "ValueError seccomp: a program in base64 expected"),
        ("", "Policy.of({}, b'123')", "ValueError a seccomp program has 8 bytes an instruction"),
        ("", "Policy.of({}, b'\\xff' * 8)", "JailUnavailable No jail: the kernel refused"),
        ("landlock.abi = lambda: 0", "Policy.of({}, b'', [])", "JailUnavailable No jail: this"),
        ("", "Policy.of({}, b'', [], ['/absent'])", "FileNotFoundError"),
    ],
)
def test_every_failure_is_raised(before, policy, printed):
    script = FAILING.format(before=before, policy=policy).replace('sys.modules["resource"]\n', "")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(printed), done.stdout


@linux_only
def test_everything_together(run, level_1, scratch):
    """As the agent does it: a figure after confinement, and nothing else of the machine."""
    snippet = """
import os
from autograder.session.shell import Shell
outputs, error = Shell.instance().execute(
    "import matplotlib.pyplot as plt, numpy as np; plt.plot(np.arange(3)); plt.show()")
assert not error, error
assert any("image/png" in output.get("data", {}) for output in outputs)
for path in ("/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", "/root", "/"):
    try: os.listdir(path) if os.path.isdir(path) else open(path)
    except PermissionError: pass
    else: raise SystemExit(path)
print("done")
"""
    assert run(snippet, level_1) == "done\n"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_of_linux_is_touched_at_import(module):
    """They import on Windows and macOS: no library is loaded, no POSIX module imported."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [ast.Pass()]
    source = ast.unparse(tree)
    for name in ("CDLL", "import resource", "import fcntl", "os.O_PATH", "memfd_create("):
        assert name not in source


def test_confinement_imports_little():
    """The agent applies it first of all: neither NumPy nor IPython is needed for it."""
    script = "import sys; import autograder.jail.confine\n"
    script += "print([name for name in ('numpy', 'IPython', 'msgspec') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_error_says_what_to_do():
    error = JailUnavailable("it is raining", mend="Open an umbrella.")
    assert str(error) == "No jail: it is raining. Open an umbrella."
    assert (error.reason, error.mend) == ("it is raining", "Open an umbrella.")
