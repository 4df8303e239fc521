"""What travels to a worker on another machine: an assignment once, and one submission at a time.

Everything is bytes and names, packed here and made into folders there. A submission is packed as
far as it is read: a hash of its folder there, see `autograder.batch.keys`, is that of the folder
here. What is no regular file is not opened, and one of the same kind stands for it. No student's
name travels, nor the course's key.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.batch.keys import MAX_BYTES
from autograder.batch.work import Answer, Ready
from autograder.course import CHECKS, NO_PART_IN_GRADES, Assignment
from autograder.errors import Rejected
from autograder.limits import Limits
from autograder.submission.reading import LIMITS, read_regular
from autograder.submission.triage import NOTEBOOK, listing

MAX_NAMES = 10_000
"""Files and folders directly in a submission."""


class NotSent(Exception):
    """A submission cannot be packed, for a reason that is not the student's."""


@dataclass(frozen=True)
class File:
    """A file, or what stands for one.

    Parameters
    ----------
    path
        Below a folder, as the system writes it: names need not be text.
    data
        Bytes of a regular file.
    kind
        ``file``, ``folder``, ``link``, ``pipe``, ``socket``, or ``large``: a file that is larger
        than any that is read.
    """

    path: bytes
    data: bytes = b""
    kind: str = "file"


@dataclass(frozen=True)
class Opening:
    """What a worker must know to grade an assignment.

    Parameters
    ----------
    assignment, seed, jail, limits, warm
        As in `autograder.batch.work.Batch`; the jail is to be tested there.
    basis
        As in `autograder.batch.worker.Worker`.
    files
        The assignment's, below the course's root.
    """

    assignment: str
    basis: str
    seed: str
    jail: int
    warm: bool
    limits: Limits | None
    files: list[File]


@dataclass(frozen=True)
class Asking:
    """One submission to grade; `attempts` and `final` as in `autograder.batch.work.Task`."""

    files: list[File]
    attempts: int
    final: bool


@dataclass(frozen=True)
class Said:
    """What a worker says: its first words, or an answer with the result as the store keeps it."""

    ready: Ready | None = None
    answer: Answer | None = None
    result: bytes = b""


def pack_assignment(assignment: Assignment, root: Path) -> list[File]:
    """Return the files of both halves that a grade, and what is said about it, depend on.

    Parameters
    ----------
    assignment
        Its hidden half need not be loaded.
    root
        Of the course.
    """
    public, private = assignment.public.folder, assignment.solutions
    paths = {assignment.release, *(public / name for name in (CHECKS, *assignment.public.data))}
    paths |= {private / name for name in (*assignment.public.data, *NO_PART_IN_GRADES)}
    paths |= set(assignment.private_files)
    return [
        File(os.fsencode(path.relative_to(root).as_posix()), path.read_bytes())
        for path in sorted(paths)
        if path.is_file()
    ]


def pack_submission(folder: Path, stem: str) -> list[File]:
    """Return what is read of a submission; its folder itself is the path ``.``.

    Parameters
    ----------
    folder
        ``submitted/<student>/<assignment>``.
    stem
        The notebook's name without ``.ipynb``.

    Raises
    ------
    NotSent
        It cannot be read here, or is too much.
    """
    try:
        names, folders = listing(folder)
    except Rejected as rejected:
        return _no_folder(folder, rejected)
    if len(names) + len(folders) > MAX_NAMES:
        raise NotSent(f"it has more than {MAX_NAMES} files")
    expected = f"{stem}.ipynb"
    candidates = [name for name in names if NOTEBOOK.search(name)]
    read = {expected} if expected in candidates else set(candidates)
    files = [File(b".", kind="folder")]
    files += [File(os.fsencode(name), kind="folder") for name in folders]
    room = MAX_BYTES
    for name in candidates if expected in candidates else names:
        file = _pack(folder, name) if name in read else File(os.fsencode(name))
        room -= len(file.data)
        if room < 0:
            raise NotSent(f"its notebooks are larger than {MAX_BYTES // 10**6} MB")
        files.append(file)
    if not candidates and len(folders) == 1 and os.path.lexists(folder / folders[0] / expected):
        files.append(_pack(folder, f"{folders[0]}/{expected}"))
    return files


def _no_folder(folder: Path, rejected: Rejected) -> list[File]:
    if not os.path.lexists(folder):
        return []
    if not stat.S_ISDIR(folder.lstat().st_mode):
        return [File(b".")]
    raise NotSent(rejected.reason)


_KINDS = (
    (stat.S_ISLNK, "link"),
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
)


def _pack(folder: Path, name: str) -> File:
    path, said = folder / name, os.fsencode(name)
    try:
        status = path.lstat()
    except OSError as error:
        raise NotSent(f"it cannot be read: {error.strerror}") from None
    kind = next((kind for test, kind in _KINDS if test(status.st_mode)), "")
    if kind:
        return File(said, kind=kind)
    try:
        return File(said, read_regular(path, LIMITS.file_bytes))
    except Rejected as rejected:
        if status.st_size > LIMITS.file_bytes:
            return File(said, kind="large")
        raise NotSent(rejected.reason) from None


def unpack(files: list[File], folder: Path) -> None:
    """Make `files` below `folder`, which need not exist.

    Raises
    ------
    ValueError
        A path leads elsewhere.
    """
    for file, path in _places(files, folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.kind == "folder":
            path.mkdir(exist_ok=True)
        elif file.kind == "link":
            path.symlink_to(os.devnull)
        elif file.kind == "pipe":
            os.mkfifo(path, 0o600)
        elif file.kind == "socket":
            os.mknod(path, stat.S_IFSOCK | 0o600)
        elif file.kind == "large":
            with path.open("xb") as sparse:
                sparse.truncate(LIMITS.file_bytes + 1)
        else:
            path.write_bytes(file.data)


def _places(files: list[File], folder: Path) -> Iterator[tuple[File, Path]]:
    for file in files:
        parts = PurePosixPath(os.fsdecode(file.path))
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"{file.path!r} is no path below a folder")
        yield file, folder / parts
