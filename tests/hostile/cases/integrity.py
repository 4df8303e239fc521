"""Cases 43 to 68: earning points without a right answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.hostile.model import (
    SLEEPY,
    Attack,
    Case,
    Seen,
    attack,
    both,
    code,
    together,
)

LINE = both("the trust line: what comes back is compared outside")
WRONG = "(entries are off|does not match|is not positive|is -?[0-9.e+-]+, )"
NO_ARRAY = "expected (an array|a number|a NumPy array)"
RAISED = "double raised "
ENDED = "ended the notebook's process"

FORGER = code("""
    import gc, os, socket, struct, sys
    from autograder.session import messages as wire

    AGENT = next(o for o in gc.get_objects() if type(o).__name__ == "Agent")
    LINE = AGENT._channel

    def asked():
        frame = sys._getframe()
        while "request" not in frame.f_locals:
            frame = frame.f_back
        return frame.f_locals["request"]
""")
"""Finds the socket, and what is being asked."""


def returns(name: str, before: str, body: str, says: str, **more: Any) -> Attack:
    """Return an attack that gives something odd back."""
    return attack(
        name, f"{code(before)}\ndef double(x):\n    return {body}", says, "failed", **more
    )


def is_silent(*words: str) -> Callable[[Seen], None]:
    """Return a look that finds none of `words` in the grade or the outputs."""

    def look(seen: Seen) -> None:
        text = str(seen.grade.as_json()) + str(seen.grade.outputs)
        assert [word for word in words if word in text] == []

    return look


CASES = [
    Case(
        43,
        "an input transformer that drops assertions",
        both("checks are no cells: nothing of ours runs in that shell"),
        (
            attack(
                "all of them",
                """
                shell = get_ipython()
                drop = lambda lines: [l for l in lines if "assert" not in l and "check" not in l]
                shell.input_transformers_cleanup.append(drop)
                shell.input_transformers_post.append(drop)
                def double(x):
                    return 0 * x
                """,
                WRONG,
                "failed",
            ),
        ),
    ),
    Case(
        44,
        "an AST transformer",
        both("checks are no cells: nothing of ours runs in that shell"),
        (
            attack(
                "turns assertions into nothing",
                """
                import ast
                class Nothing(ast.NodeTransformer):
                    def visit_Assert(self, node):
                        return ast.Pass()
                    def visit_Compare(self, node):
                        return ast.Constant(True)
                get_ipython().ast_transformers.append(Nothing())
                def double(x):
                    return 0 * x
                """,
                WRONG,
                "failed",
            ),
        ),
    ),
    Case(
        45,
        "a patched NumPy",
        LINE,
        (
            attack(
                "and a patched autograder",
                """
                import autograder.checks.expect as expect, autograder.checks.runner as runner
                import autograder.results as results
                np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
                np.testing.assert_allclose = lambda *a, **k: None
                np.linalg.norm = lambda *a, **k: 0.0
                for name in ("array", "close", "tensor", "slope", "holds", "within", "finite"):
                    setattr(expect, name, lambda *a, **k: np.zeros(1))
                runner.run_check = None
                results.CheckResult.points = 100.0
                def double(x):
                    return 0 * x
                """,
                WRONG,
                "failed",
            ),
        ),
    ),
    Case(
        46,
        "walking the frames for expected values",
        both("the expected values are in no frame of that process"),
        (
            attack(
                "and all objects there are",
                """
                import gc, sys
                def double(x):
                    found, frame = [], sys._getframe()
                    while frame is not None:
                        found += list(frame.f_locals.values()) + list(frame.f_globals.values())
                        frame = frame.f_back
                    found += gc.get_objects()
                    for thing in found:
                        if type(thing) is np.ndarray and thing.shape == np.shape(x):
                            if thing is not x and not np.array_equal(thing, x):
                                return thing
                    raise LookupError("nothing there")
                """,
                f"{WRONG}|nothing there",
                "failed|error",
            ),
        ),
    ),
    Case(
        47,
        "reading `In[-1]`",
        both("checks are no cells: the history holds the student's own only"),
        (
            attack(
                "and the rest of the history",
                """
                def double(x):
                    print(In, Out)
                    raise LookupError(" ".join(In)[-400:] + str(list(globals())))
                """,
                "double raised LookupError",
                look=is_silent("of_any", "adds_up", "as_its_generator"),
            ),
        ),
    ),
    Case(
        48,
        "a replaced `run_cell` or `do_execute`",
        both("the agent's own shell is the student's; what it says is doubted"),
        (
            attack(
                "and a shell that claims success",
                """
                shell = get_ipython()
                shell.run_cell = lambda *a, **k: None
                type(shell).execute = lambda self, source: ([], "")
                type(shell).do_execute = lambda *a, **k: {"status": "ok"}
                def draw(n, rng):
                    return np.zeros(n)
                """,
                "its spread is 0",
                "failed",
                on="draw",
            ),
        ),
    ),
    Case(
        49,
        "a nulled `showtraceback`",
        both("an exception is reported apart from what is shown"),
        (
            attack(
                "errors are not shown, and count",
                """
                get_ipython().showtraceback = None
                get_ipython()._showtraceback = lambda *a: None
                def double(x):
                    raise ValueError("unseen")
                """,
                "double raised ValueError: unseen",
            ),
        ),
    ),
    Case(
        50,
        "`pre_run_cell` that prints hidden tests",
        both("hidden checks are not in that process"),
        (
            attack(
                "every cell, and every module",
                """
                import sys
                seen = []
                shell = get_ipython()
                for event in ("pre_run_cell", "pre_execute", "post_run_cell"):
                    shell.events.register(event, lambda *a: seen.append(str(a)))
                def double(x):
                    modules = [str(vars(m)) for m in list(sys.modules.values()) if m is not None]
                    found = [t for t in modules if "CANA" + "RY" in t or "of_" + "any" in t]
                    raise LookupError(str(seen)[-200:] + str(found)[:200])
                """,
                r"double raised LookupError: .*\[\]",
                look=is_silent("of_any"),
            ),
        ),
    ),
    Case(
        51,
        "an object that equals everything",
        both("only exact plain types travel"),
        (
            returns(
                "with every operator",
                """
                class Right:
                    __hash__ = None
                    __class__ = np.ndarray
                    shape, ndim, size, dtype = (4,), 1, 4, np.dtype(float)
                    def __eq__(self, other): return True
                    __le__ = __ge__ = __eq__
                    __ne__ = __lt__ = __gt__ = lambda self, other: False
                    def __sub__(self, other): return 0.0
                    __rsub__ = __abs__ = __float__ = __sub__
                    def __array__(self, *a, **k): return np.zeros(4)
                """,
                "Right()",
                rf"{NO_ARRAY}.* of type __main__\.Right",
            ),
        ),
    ),
    Case(
        52,
        "a subclass of `ndarray` with `__array_function__`",
        both("only exact plain types travel"),
        (
            returns(
                "that answers every comparison",
                """
                class Right(np.ndarray):
                    def __array_ufunc__(self, *a, **k): return np.float64(0.0)
                    def __array_function__(self, *a, **k): return True
                    def __eq__(self, other): return True
                """,
                "np.zeros(np.shape(x)).view(Right)",
                rf"{NO_ARRAY}.* of type __main__\.Right",
            ),
        ),
    ),
    Case(
        53,
        "a subclass of `float`",
        both("only exact plain types travel"),
        (
            attack(
                "whose differences are 0",
                """
                class Right(float):
                    def __sub__(self, other): return 0.0
                    __rsub__ = __abs__ = __sub__
                    def __eq__(self, other): return True
                def mean_square(x):
                    return Right(1.0)
                """,
                r"expected a number.* of type __main__\.Right",
                "failed",
                on="mean_square",
            ),
        ),
    ),
    Case(
        54,
        "NaN against `not (err > tol)`",
        both("values must be finite before they are compared"),
        (
            together(
                "NaN everywhere",
                returns("", "", "np.full(np.shape(x), np.nan)", "expected finite numbers, got nan"),
                attack(
                    "",
                    "def mean_square(x):\n    return float('nan')",
                    "expected a finite number, got nan",
                    "failed",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        55,
        "infinity, wrong dtype or shape, 0-d, object arrays",
        both("dtypes are on a list; shape and finiteness are asserted"),
        (
            together(
                "infinity; objects",
                returns("", "", "np.full(np.shape(x), np.inf)", "expected finite numbers, got inf"),
                attack(
                    "",
                    "def mean_square(x):\n    return np.array(x, dtype=object)",
                    "expected a number, got array of dtype object",
                    "failed",
                    on="mean_square",
                ),
            ),
            together(
                "0-d; complex",
                returns("", "", "np.array(0.0)", r"expected an array of shape \(4,\)"),
                attack(
                    "",
                    "def mean_square(x):\n    return np.mean(x**2) + 0j",
                    "expected a number, got NumPy scalar of dtype complex128",
                    "failed",
                    on="mean_square",
                ),
            ),
            together(
                "a shape that broadcasts; an array for a number",
                returns("", "", "2 * np.asarray(x).reshape(1, -1)", r"got an array of shape \(1, "),
                attack(
                    "",
                    "def mean_square(x):\n    return np.full(np.shape(x), np.mean(x**2))",
                    "expected a number, got an array of shape",
                    "failed",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        56,
        "a view that changes later",
        both("a value is copied when it is sent, and once more when it arrives"),
        (
            attack(
                "a thread that corrects the answer",
                """
                import threading, time
                def double(x):
                    answer = np.zeros(np.shape(x))
                    def correct():
                        time.sleep(0.25)
                        answer[...] = 2 * x
                    threading.Thread(target=correct).start()
                    return answer
                """,
                WRONG,
                "failed",
            ),
        ),
    ),
    Case(
        57,
        "inputs changed in place",
        both("the check keeps its own inputs, and hears of the change"),
        (
            together(
                "so that a wrong answer fits; and beside a right one",
                attack(
                    "",
                    "def double(x):\n    x[...] = 0.0\n    return x",
                    WRONG,
                    "failed",
                ),
                attack(
                    "",
                    "def mean_square(x):\n    x[...] = 1.0\n    return 1.0",
                    WRONG,
                    "failed",
                    on="mean_square",
                ),
            ),
        ),
    ),
    Case(
        58,
        "a second call that differs",
        both("checks call more than once, and ask again"),
        (
            attack(
                "right once only",
                """
                calls = 0
                def double(x):
                    global calls
                    calls += 1
                    return 2 * x if calls == 1 else 0 * x
                """,
                WRONG,
                "failed",
            ),
            attack(
                "right at every new input",
                """
                seen = set()
                def double(x):
                    key = np.asarray(x).tobytes()
                    again = key in seen
                    seen.add(key)
                    return 0 * x if again else 2 * x
                """,
                rf"{WRONG}|gives another answer when it is asked again",
                "failed",
            ),
        ),
    ),
    Case(
        59,
        "looking at the stack for which check is calling",
        both("a call looks alike, whatever calls"),
        (
            attack(
                "names of functions, arguments of the process",
                """
                import sys, traceback
                def double(x):
                    stack = " ".join(frame.name for frame in traceback.extract_stack())
                    if "of_any" in stack or "hidden" in stack or "hidden" in str(sys.argv):
                        return 2 * x
                    raise LookupError(stack)
                """,
                "double raised LookupError",
                look=is_silent("adds_up", "run_check"),
            ),
        ),
    ),
    Case(
        60,
        "public answers by heart",
        both("in grading the visible checks draw from secret seeds too"),
        (
            attack(
                "of every input that the student could see",
                """
                from autograder.checks.model import Case
                from autograder.checks.runner import public_seed
                from autograder.course import load_public
                from pathlib import Path
                from autograder.student import Near
                KNOWN = {}
                def watched(x):
                    KNOWN[np.asarray(x).tobytes()] = 2 * x
                    return 2 * x
                for check in load_public(Path.cwd()).visible:
                    if check.exercise == "double":
                        check.function(Near({"double": watched}), Case(public_seed(check)))
                assert len(KNOWN) == 9
                def double(x):
                    return KNOWN.get(np.asarray(x).tobytes(), np.zeros(np.shape(x)))
                """,
                WRONG,
                "failed",
            ),
        ),
    ),
    Case(
        61,
        "importing the reference, or the hidden checks",
        {
            3: "they are not there",
            1: "Landlock: they cannot be read",
        },
        (
            attack(
                "by name and by path",
                """
                import importlib.util, sys
                def load(path):
                    spec = importlib.util.spec_from_file_location("found", path)
                    module = importlib.util.module_from_spec(spec)
                    spec.loader.exec_module(module)
                    return module
                def double(x):
                    sys.path[:0] = ["@repository@", "@course@/solutions/01-target"]
                    failures = []
                    for attempt in (
                        lambda: __import__("reference.numpy_api").numpy_api.sigmoid,
                        lambda: __import__("hidden_checks").CANARY,
                        lambda: load("@repository@/reference/numpy_api.py"),
                        lambda: load("@course@/solutions/01-target/hidden_checks.py"),
                    ):
                        try:
                            attempt()
                            return 2 * x
                        except (ImportError, OSError) as failure:
                            failures.append(failure)
                    raise failures[-1]
                """,
                r"double raised (FileNotFoundError|PermissionError|ImportError|Module)",
            ),
        ),
    ),
    Case(
        62,
        "`torch.autograd`",
        {3: "torch is not there", 1: "Landlock: torch cannot be read"},
        (
            attack(
                "imported, and imported behind the block",
                """
                import sys
                def double(x):
                    for attempt in range(2):
                        try:
                            import torch
                            return 2 * x
                        except ImportError as failure:
                            last = failure
                        sys.modules.pop("torch", None)
                        sys.path.append("@packages@")
                    raise last
                """,
                r"double raised (ModuleNotFound|Import)Error",
            ),
        ),
    ),
    Case(
        63,
        "the answer of another library, wrapped",
        {3: "such libraries are not there", 1: "Landlock: they cannot be read"},
        (
            attack(
                "scipy, scikit-learn",
                """
                import sys
                def double(x):
                    for name in ("scipy.special", "sklearn.linear_model", "scipy", "sklearn"):
                        sys.modules.pop(name.partition(".")[0], None)
                        sys.path.append("@packages@")
                        try:
                            __import__(name)
                            return 2 * x
                        except ImportError as failure:
                            last = failure
                    raise last
                """,
                r"double raised (ModuleNotFound|Import)Error",
            ),
        ),
    ),
    Case(
        64,
        "a patched clock or seed",
        both("time is taken outside; a generator arrives as its seed"),
        (
            together(
                "time stands still; every generator is the same",
                attack(
                    "",
                    """
                    import time
                    time.time = time.monotonic = time.process_time = time.perf_counter = lambda: 0.0
                    def double(x):
                        while True:
                            pass
                    """,
                    "used more than 1 s of CPU time",
                    "timeout",
                ),
                attack(
                    "",
                    """
                    fixed = np.random.default_rng(0)
                    np.random.default_rng = lambda *a: fixed
                    def draw(n, rng):
                        return np.random.RandomState(0).standard_normal(n)
                    """,
                    "draws the same twice|is off|entries are off",
                    "failed",
                    on="draw",
                ),
            ),
        ),
    ),
    Case(
        65,
        "a payload in `__reduce__`",
        both("nothing is unpickled; only exact plain types travel"),
        (
            returns(
                "as a value, and in an object array",
                """
                import os
                class Payload:
                    def __reduce__(self):
                        return os.system, ("touch /tmp/@mark@",)
                """,
                "Payload()",
                rf"{NO_ARRAY}.* of type __main__\.Payload",
            ),
            attack(
                "as a frame",
                f"{FORGER}\n"
                + code("""
                    import pickle
                    class Payload:
                        def __reduce__(self):
                            return os.system, ("touch /tmp/@mark@",)
                    def double(x):
                        body = pickle.dumps(Payload())
                        LINE.sendall(struct.pack(">I", len(body)) + body)
                        sys.stdin = None
                        while True:
                            pass
                """),
                f"{ENDED}: not a message",
            ),
        ),
    ),
    Case(
        66,
        "a result file that is overwritten",
        both("no result is read from a file; each session has fresh files"),
        (
            attack(
                "results, checks, modules",
                """
                import json, os
                for name in ("results.json", "grade.json", "checks.py", "numpy.py", "target.ipynb",
                             "gradebook.db", "sitecustomize.py"):
                    try:
                        with open(name, "w") as file:
                            json.dump({"double": 2.0, "score": 5.0}, file)
                    except OSError:
                        print(name, "is not to be written")
                def double(x):
                    return 0 * x
                """,
                WRONG,
                "failed",
            ),
        ),
    ),
    Case(
        67,
        "a giant or deep reply",
        both("frames, values, depth and bytes are bounded before they are built"),
        (
            together(
                "honestly returned",
                returns("", "", "np.zeros(10**7)", "something of more than 24 MB"),
                attack(
                    "",
                    """
                    def mean_square(x):
                        deep = 1.0
                        for _ in range(500):
                            deep = [deep]
                        return deep
                    """,
                    "nested deeper than|expected a number, got a list",
                    "failed",
                    on="mean_square",
                ),
            ),
            attack(
                "a frame of 4 GB",
                f"{FORGER}\n"
                + code("""
                    def double(x):
                        LINE.sendall(struct.pack(">I", 2**32 - 1))
                        while True:
                            LINE.sendall(bytes(2**20))
                """),
                f"{ENDED}: a frame of 4294967295 bytes",
            ),
            attack(
                "a frame of many and deep values",
                f"{FORGER}\n"
                + code("""
                    def double(x):
                        body = b"\\x91" * (20 * 2**20)
                        LINE.sendall(struct.pack(">I", len(body)) + body)
                        while True:
                            pass
                """),
                f"{ENDED}",
            ),
        ),
    ),
    Case(
        68,
        "forged frames on the descriptor",
        both("strict frames that bear the key of their request; what they say is compared"),
        (
            attack(
                "a verdict",
                f"{FORGER}\n"
                + code("""
                    import msgspec
                    def double(x):
                        told = {"type": "passed", "points": 100, "key": getattr(asked(), "key", 0)}
                        body = msgspec.msgpack.encode(told)
                        LINE.sendall(struct.pack(">I", len(body)) + body)
                        return 0 * x
                """),
                f"{ENDED}: not a message",
            ),
            attack(
                "replies ahead of their requests",
                f"{FORGER}\n"
                + code("""
                    def double(x):
                        for key in range(1, 400):
                            value = wire.to_wire(2 * np.ones(4))
                            LINE.sendall(wire.encode(wire.Value(key, value)))
                        return 0 * x
                """),
                f"{ENDED}|{WRONG}",
                "error|failed",
            ),
            attack(
                "every descriptor, with whatever",
                """
                import os
                def double(x):
                    for number in range(256):
                        try:
                            os.write(number, b"\\0\\0\\0\\x08\\x81\\xa4type\\xa5ready")
                        except OSError:
                            pass
                    return 0 * x
                """,
                ENDED,
                limits=SLEEPY,
            ),
        ),
    ),
]
