"""An IPython shell that keeps what cells print, within bounds."""

from __future__ import annotations

import ast
import base64
import io
import os
import re
import tempfile
import warnings
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.path import get_home_dir
from IPython.utils.text import SList
from traitlets.config import Config

from autograder.student import said

MAX_OUTPUT = 200_000
"""Characters of output kept per cell; what follows is dropped with a note."""

OVERHEAD = 200
"""What an output counts beside its text, so that there are not too many of them."""

_TOUCHED = re.compile(r"^[^\S\n]+$|^[^\S\n]*(?:>>>|\.\.\.|In ?\[)", re.MULTILINE)
"""Lines that IPython may change in what is Python already: of white space, prompts."""

INSTALLERS = frozenset({"conda", "mamba", "micromamba", "pip", "uv"})
"""Magics that would install something."""

Output = dict[str, Any]


class _Recorder:
    """The outputs of one cell, in nbformat's form."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.room = MAX_OUTPUT
        self.cut = False

    def add(self, output: Output, size: int) -> None:
        size += OVERHEAD
        if size > self.room:
            self.cut = True
            return
        self.room -= size
        self.outputs.append(output)

    def text(self, name: str, text: str) -> None:
        if len(text) > self.room:
            self.cut = True
            text = text[: self.room]
        self.room -= len(text)
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            last["text"] += text
        elif text:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})

    def finish(self) -> list[Output]:
        if self.cut:
            note = "\n[output cut: a cell may print at most 200 000 characters]\n"
            self.outputs.append({"output_type": "stream", "name": "stdout", "text": note})
        return self.outputs


class _Stream(io.TextIOBase):
    """Stands for stdout or stderr."""

    def __init__(self, shell: Shell, name: str) -> None:
        self._shell = shell
        self._name = name

    def write(self, text: str) -> int:
        self._shell.recorder.text(self._name, str(text))
        return len(text)

    def writable(self) -> bool:
        return True


def _bundle(data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the texts of a MIME bundle, its binary parts as base64, and their size."""
    texts = {
        str(mime): base64.b64encode(part).decode() if isinstance(part, bytes) else part
        for mime, part in data.items()
        if isinstance(part, (bytes, str))
    }
    return texts, sum(map(len, texts.values()))


class _Publisher(DisplayPublisher):
    """Records `display` calls."""

    def publish(self, data: dict[str, Any], metadata: Any = None, **_: Any) -> None:
        bundle, size = _bundle(data)
        output = {"output_type": "display_data", "data": bundle, "metadata": {}}
        self.shell.recorder.add(output, size)


class _Hook(DisplayHook):
    """Records the value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        """No prompt: only the value is kept."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        bundle, size = _bundle(format_dict)
        output = {
            "output_type": "execute_result",
            "data": bundle,
            "metadata": {},
            "execution_count": None,
        }
        self.shell.recorder.add(output, size)

    def finish_displayhook(self) -> None:
        """Nothing is printed, so nothing is flushed."""
        self._is_active = False


class _Forgetful(defaultdict[int, list[Any]]):
    """Takes what IPython keeps of each cell's output for its history, without bound, and drops it.

    IPython looks up whether it has begun a cell's list: it never has.
    """

    def __init__(self) -> None:
        super().__init__(list)

    def __missing__(self, key: int) -> list[Any]:
        return []


def _is_plain(cell: str) -> bool:
    """Whether IPython would run a cell as it stands, for certain.

    Of a single line, it also looks whether it begins with the name of a magic.
    """
    if "\n" not in cell.strip() or not cell[0].strip() or _TOUCHED.search(cell):
        return False
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class Shell(InteractiveShell):
    """IPython without a terminal: ``%matplotlib inline``, ``display`` and ``exit()`` work."""

    def __init__(self) -> None:
        self.recorder = _Recorder()
        os.environ.setdefault("IPYTHONDIR", tempfile.gettempdir())
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        super().__init__(config=config, display_pub_class=_Publisher, displayhook_class=_Hook)
        self.history_manager.outputs = _Forgetful()
        self._usual = self._transformations()

    def transform_cell(self, raw_cell: str) -> str:
        """Return what Python runs of a cell, which of most cells is all of it.

        IPython would find that out by taking it apart into tokens, which costs more than to run it.
        """
        if self._transformations() == self._usual and _is_plain(raw_cell):
            return raw_cell if raw_cell.endswith("\n") else f"{raw_cell}\n"
        transformed: str = super().transform_cell(raw_cell)
        return transformed

    def _transformations(self) -> list[Any]:
        manager = self.input_transformer_manager
        return [
            *manager.cleanup_transforms,
            *manager.line_transforms,
            *manager.token_transformers,
            *self.input_transformers_post,
        ]

    def settle(self) -> None:
        """Take the present folders for those in which it was made: it is a fork of another."""
        self.init_ipython_dir(None)
        self.init_profile_dir(None)
        self.home_dir = get_home_dir()
        self.starting_dir = str(Path.cwd())
        self.history_manager.dir_hist[:] = [Path.cwd()]
        if "db" in vars(self):  # newer versions of IPython make it when it is first used
            made: Any = vars(self)["db"]
            self.db = type(made)(str(Path(self.profile_dir.location) / "db"))

    def execute(self, source: str) -> tuple[list[Output], str]:
        """Run one cell.

        Returns
        -------
        outputs
            What it printed and displayed, in nbformat's form.
        error
            ``"SyntaxError: invalid syntax (line 2)"``, or an empty string.
        """
        self.recorder = _Recorder()
        streams = _Stream(self, "stdout"), _Stream(self, "stderr")
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            try:
                result = self.run_cell(source, store_history=True)
                raised = result.error_before_exec or result.error_in_exec
            except KeyboardInterrupt:
                raise
            except BaseException as stop:  # noqa: BLE001 - no cell ends the session
                raised = stop
        error = f"{type(raised).__name__}: {said(raised)}"[:500] if raised is not None else ""
        return self.recorder.finish(), error

    def system(self, cmd: str) -> None:
        """``!cmd`` and ``%pip`` are passed over: no code below them is lost for it."""
        self.recorder.text("stdout", f"Not run while this is graded: {cmd[:200]}\n")

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a line magic; one that is not for here is passed over like ``!cmd``.

        ``%autosave`` is known to a notebook only, ``%conda`` to another environment, and an
        extension may be installed on the student's machine alone.
        """
        known = self.find_line_magic(magic_name) is not None and magic_name not in INSTALLERS
        try:
            if known:
                return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except ImportError:
            if magic_name not in ("load_ext", "reload_ext"):
                raise
        self.system(f"%{magic_name} {line}")
        return None

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:  # noqa: FBT001, FBT002
        """``x = !cmd`` gives nothing."""
        self.system(cmd)
        return SList() if split else ""

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        """Draw inline, whichever backend ``%matplotlib`` names: there is no window, no browser."""
        return super().enable_matplotlib("inline")

    def enable_gui(self, gui: str | None = None) -> None:
        """Accept ``%matplotlib``: there is no event loop to integrate with."""

    def ask_exit(self) -> None:
        """``exit()`` in a cell does not end the session."""

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        output = {
            "output_type": "error",
            "ename": str(etype.__name__)[:200],
            "evalue": said(evalue),
            "traceback": [line[:2000] for line in stb][:50],
        }
        self.recorder.add(output, sum(len(line) for line in output["traceback"]))
