"""Every exception of the engine, in one tree.

::

    AutograderError
    |-- CourseError              a folder, file or declaration of the course is wrong
    |   `-- ReleaseError         a master notebook cannot be released
    |-- JailUnavailable          this machine cannot confine a student's process
    |-- Rejected                 what was handed in cannot be read as a notebook
    |-- CheckFailed              one assertion about an exercise does not hold
    |-- StudentFault             calling the student's code gave no value
    |   |-- NotWritten           the name is missing, or still the stub
    |   |-- StudentRaised        the student's code raised
    |   |   `-- StubCalled       ... because it calls an exercise that is still to be written
    |   |-- DeadlineExceeded     the call or the notebook ran out of time
    |   `-- SessionLost          the student's process ended, or broke the protocol
    `-- ProtocolError            a frame from the other side is malformed
"""

from __future__ import annotations

from pathlib import Path


class AutograderError(Exception):
    """Base class of every error that the engine raises on purpose."""


class CourseError(AutograderError):
    """A folder, a file or a declaration of the course is wrong.

    Parameters
    ----------
    problem
        What is wrong, and what to do next.
    path
        The file or folder it is about.
    """

    def __init__(self, problem: str, *, path: Path | None = None) -> None:
        self.problem = problem
        self.path = path
        super().__init__(f"{path}: {problem}" if path is not None else problem)


class ReleaseError(CourseError):
    """A master notebook cannot be released as it stands."""


class JailUnavailable(AutograderError):
    """A student's process cannot be confined on this machine as it was asked to be.

    Parameters
    ----------
    reason
        What is missing or failed, without a full stop.
    mend
        What to install or to set, as one or more sentences.
    """

    def __init__(self, reason: str, *, mend: str) -> None:
        self.reason = reason
        self.mend = mend
        super().__init__(f"No jail: {reason}. {mend}")


class Rejected(AutograderError):
    """What was handed in cannot be read as a notebook: it earns zero, with this reason.

    Parameters
    ----------
    reason
        What is wrong and what to do next, in one or two sentences. Student and instructor read
        it, so it holds no path, and names that the submission chose are made inert.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class CheckFailed(AutograderError):
    """One assertion about the student's exercise does not hold.

    Parameters
    ----------
    label
        The object that is wrong, as the student knows it: ``"sigmoid(z)"``, ``"dWs[0]"``.
    problem
        What was expected of it and what it was, as one or more sentences.
    index
        Where the object is wrong most, if it is an array.
    hint
        What to look at next. Overrides the check's own hint.
    form
        True if the type or shape is wrong: then the check's own hint, which is about values, would
        lead astray.
    rule
        Name of the rule of `autograder.diagnosis` that recognized a pattern; its sentence is the
        hint then.
    """

    def __init__(
        self,
        label: str,
        problem: str,
        *,
        index: tuple[int, ...] | None = None,
        hint: str = "",
        form: bool = False,
        rule: str = "",
    ) -> None:
        self.form = form
        self.rule = rule
        self.label = label
        self.problem = problem
        self.index = index
        self.hint = hint
        super().__init__(f"{label}: {problem}")


class StudentFault(AutograderError):
    """Calling the student's code gave no value.

    Parameters
    ----------
    name
        The function or class that was called.
    problem
        What happened, as one sentence.
    """

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(problem)


class NotWritten(StudentFault):
    """The name does not exist in the notebook, or is still the stub."""


class StudentRaised(StudentFault):
    """The student's code raised.

    Parameters
    ----------
    name, problem
        As in `StudentFault`.
    kind
        Name of the exception's class.
    text
        The exception's message.
    where
        The student's own line, as ``"line 3: return 1 / n"``, or an empty string.
    """

    def __init__(self, name: str, kind: str, text: str, where: str = "") -> None:
        self.kind = kind
        self.text = text
        self.where = where
        what = f"{kind}: {text}" if text else kind
        place = f" at {where}" if where else ""
        super().__init__(name, f"{name} raised {what}{place}.")


class StubCalled(StudentRaised):
    """The student's function calls another exercise, which is still the stub.

    Parameters
    ----------
    name
        The function that was called.
    stub
        The exercise that is still to be written.
    """

    def __init__(self, name: str, stub: str) -> None:
        super().__init__(name, "NotImplementedError", stub)
        self.problem = f"{name} calls {stub}, which is still to be written."


class DeadlineExceeded(StudentFault):
    """The call, or the whole notebook, ran out of time.

    Parameters
    ----------
    name, problem
        As in `StudentFault`.
    seconds
        The limit.
    wall
        True where the loose wall-clock backstop ended it, not the CPU-time limit: only then can a
        busy machine be to blame, and the submission is tried once more alone.
    """

    def __init__(self, name: str, problem: str, *, seconds: float, wall: bool = False) -> None:
        self.seconds = seconds
        self.wall = wall
        super().__init__(name, problem)


class SessionLost(StudentFault):
    """The student's process ended, or said something that is not the protocol."""


class ProtocolError(AutograderError):
    """A frame from the other side of the trust line is malformed.

    Parameters
    ----------
    problem
        What is wrong with it.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)
