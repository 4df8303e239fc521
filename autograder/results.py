"""What a grade is made of: plain frozen dataclasses, without rendering."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

CheckStatus = Literal["passed", "failed", "error", "timeout", "missing"]
ExerciseStatus = Literal["passed", "partial", "failed", "error", "timeout", "missing"]
NotebookStatus = Literal["graded", "repaired", "rejected"]


MAX_HINTS = 2
"""More questions at a time help nobody."""

NO_POINTS = "No points for this exercise."
"""Closes the evidence where it was proof."""


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check.

    `message` is written for the student; `notes` are remarks on a check that passed; `rule` names
    the pattern that was recognized in what failed, if any (see `autograder.diagnosis`).
    """

    title: str
    visible: bool
    max_points: float
    status: CheckStatus
    message: str = ""
    notes: tuple[str, ...] = ()
    rule: str = ""

    @property
    def points(self) -> float:
        """All or nothing: partial credit comes from several weighted checks."""
        return self.max_points if self.status == "passed" else 0.0


@dataclass(frozen=True)
class Diagnosis:
    """A known mistake that explains what an exercise answered.

    Parameters
    ----------
    id
        Of the catalogue's entry: ``gradients/summed_over_batch``.
    title
        What is wrong, for the instructor.
    hint
        A question that leads the student there.
    note
        For the instructor.
    convention
        Right under another convention than the contract's.
    certain
        It gives the student's answers in every check; else in some of the failed ones only.
    """

    id: str
    title: str
    hint: str = ""
    note: str = ""
    convention: bool = False
    certain: bool = True


@dataclass(frozen=True)
class ExerciseResult:
    """Outcome of all checks of one exercise that were run.

    `max_points` are the exercise's points; where only the visible checks ran, their points sum
    to `covered`. `notes` are remarks on the exercise as a whole, `evidence` is what speaks for a
    numerical derivative in place of the formula: for the instructor, whether or not it cost points.
    `diagnosis` are the known mistakes that explain a failure, the likeliest first.
    """

    name: str
    max_points: float
    checks: tuple[CheckResult, ...]
    notes: tuple[str, ...] = ()
    diagnosis: tuple[Diagnosis, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """Points earned, rounded to what a person would write down."""
        return round(sum(check.points for check in self.checks), 6)

    @property
    def covered(self) -> float:
        """Points of the checks that ran."""
        return round(sum(check.max_points for check in self.checks), 6)

    @property
    def status(self) -> ExerciseStatus:
        """One word for the whole exercise."""
        states = [check.status for check in self.checks]
        if all(state == "passed" for state in states):
            return "passed"
        if self.points > 0:
            return "partial"
        order: tuple[ExerciseStatus, ...] = ("missing", "timeout", "error", "failed")
        return next(state for state in order if state in states)

    @property
    def advice(self) -> str:
        """What the diagnosis says to the student: a question or two, or nothing."""
        likely = [found for found in self.diagnosis if found.certain] or list(self.diagnosis)
        hints = list(dict.fromkeys(found.hint for found in likely if found.hint))
        if not hints or len(hints) > MAX_HINTS:
            return ""
        if all(found.convention for found in likely):
            lead = "This looks like another convention than the course's."
        elif len(hints) > 1:
            lead = "Your answers look like more than one known mistake. Which is yours?"
        else:
            lead = "A question to start from:"
        return f"{lead} {' Or: '.join(hints)}"

    @property
    def message(self) -> str:
        """The first complaint, or the notes of a clean pass."""
        for check in self.checks:
            if check.status != "passed":
                return check.message
        return " ".join([*self.notes, *(note for check in self.checks for note in check.notes)])


@dataclass(frozen=True)
class ManualCell:
    """A written question, which a person grades."""

    name: str
    max_points: float


@dataclass(frozen=True)
class Grade:
    """The grade of one submission.

    Parameters
    ----------
    assignment
        Name of the assignment's folder.
    status
        ``"graded"``, ``"repaired"`` (see `repairs`) or ``"rejected"`` (see `reason`).
    exercises
        One entry per exercise, in the notebook's order.
    manual
        The written questions.
    repairs
        What triage and restore mended, one sentence each.
    problems
        Faults of our own, for the instructor: a check that raised, say.
    outputs
        What the student's cells printed, by cell id, as nbformat outputs.
    seed
        Identifies the secret inputs; the same seed gives the same grade.
    cpu_seconds
        CPU time of the student's own processes.
    jail
        What held the student's code: 3 bubblewrap, 1 Landlock, 0 nothing.
    wall_limited
        A loose wall-clock backstop ended something: the machine may have been busy.
    """

    assignment: str
    status: NotebookStatus
    exercises: tuple[ExerciseResult, ...]
    manual: tuple[ManualCell, ...] = ()
    reason: str = ""
    repairs: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    outputs: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    seed: str = ""
    cpu_seconds: float = 0.0
    jail: int = 0
    wall_limited: bool = False

    @property
    def score(self) -> float:
        """Automatic points earned."""
        return round(sum(exercise.points for exercise in self.exercises), 6)

    @property
    def max_score(self) -> float:
        """Automatic points that can be earned."""
        return round(sum(exercise.max_points for exercise in self.exercises), 6)

    def as_json(self) -> dict[str, object]:
        """Return the object that ``autograder grade-one --json`` prints."""
        return {
            "assignment": self.assignment,
            "status": self.status,
            "reason": self.reason,
            "score": self.score,
            "max_score": self.max_score,
            "checks": [
                {
                    "name": exercise.name,
                    "points": exercise.points,
                    "max_points": exercise.max_points,
                    "status": exercise.status,
                    "message": exercise.message,
                    "advice": exercise.advice,
                    "diagnosis": [asdict(found) for found in exercise.diagnosis],
                    "details": [
                        {
                            "title": check.title,
                            "visible": check.visible,
                            "points": check.points,
                            "max_points": check.max_points,
                            "status": check.status,
                            "message": check.message,
                            "rule": check.rule,
                            "notes": list(check.notes),
                        }
                        for check in exercise.checks
                    ],
                    "notes": list(exercise.notes),
                    "evidence": list(exercise.evidence),
                }
                for exercise in self.exercises
            ],
            "manual": [{"name": cell.name, "max_points": cell.max_points} for cell in self.manual],
            "repairs": list(self.repairs),
            "problems": list(self.problems),
            "seed": self.seed,
            "jail": self.jail,
        }
