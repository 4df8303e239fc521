"""Grade one submission: from a file nobody trusts to a `Grade`.

The pipeline, on one screen: locate the notebook in the submission's folder, triage the file,
restore the canonical notebook with the student's text in it, run its cells in a session, run
every check against that session, try again what failed only because of a callee.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Self

from nbformat import NotebookNode

from autograder.checks.model import Check, Exercise
from autograder.checks.repeats import Asked
from autograder.checks.runner import run_exercise
from autograder.course import HIDDEN_CHECKS, Assignment
from autograder.errors import Rejected, StudentFault
from autograder.grading.evidence import Inspection
from autograder.grading.given import given_definitions, given_functions
from autograder.grading.oracle import oracle
from autograder.grading.restoring import Restorer
from autograder.grading.seeds import check_seed, submission_seed
from autograder.limits import Limits
from autograder.results import CheckResult, ExerciseResult, Grade, ManualCell
from autograder.session.far import Bound, Cell, FarStudent
from autograder.session.launcher import Launcher
from autograder.session.watch import Spent
from autograder.submission.restore import Restored, canonical_only
from autograder.values import BoundClass

FIGURE_TAG = "figure"


@dataclass(frozen=True)
class Grader:
    """Grades submissions of one assignment under one seed.

    Parameters
    ----------
    assignment
        Both halves of it.
    seed
        Of the run, from `autograder.grading.seeds.run_seed`: the secret inputs of a submission
        follow from it and from the submission's code.
    launcher
        Starts the student's process, in a jail or not.
    limits
        What a submission may use; the assignment's own if None.
    """

    assignment: Assignment
    seed: str
    launcher: Launcher
    limits: Limits | None = None

    @cached_property
    def restorer(self) -> Restorer:
        """What reads the submissions."""
        return Restorer(self.assignment)

    @cached_property
    def _given(self) -> dict[str, str]:
        written = {exercise.name for exercise in self.assignment.exercises}
        return given_definitions(self.restorer.canonical(), written)

    @cached_property
    def _given_functions(self) -> list[str]:
        return given_functions(self.restorer.canonical())

    def grade_folder(self, folder: Path) -> Grade:
        """Grade the submission in a folder of nbgrader's layout."""
        return self.grade_submission(folder)[0]

    def grade_submission(self, folder: Path) -> tuple[Grade, Restored]:
        """Like `grade_folder`; also return what was graded, or stands for what cannot be read."""
        try:
            restored = self.restorer.restore_folder(folder)
        except Rejected as rejected:
            stand_in = canonical_only(self.restorer.canonical(), rejected.reason)
            return self.reject(rejected.reason), stand_in
        return self.grade_restored(restored), restored

    def grade_file(self, path: Path) -> Grade:
        """Grade a notebook at any path."""
        try:
            return self.grade_restored(self.restorer.restore_file(path))
        except Rejected as rejected:
            return self.reject(rejected.reason)

    def reject(self, reason: str) -> Grade:
        """Return the grade of a submission that cannot be read: zero, with the reason."""
        exercises = tuple(
            _untested(exercise, self.assignment.checks, f"Not graded: {reason}")
            for exercise in self.assignment.exercises
        )
        return Grade(
            self.assignment.name,
            "rejected",
            exercises,
            manual=manual_cells(self.restorer.canonical()),
            reason=reason,
            seed=self.seed,
            jail=self.launcher.level,
        )

    def grade_restored(self, restored: Restored) -> Grade:
        """Run the cells and the checks of a restored notebook."""
        problems: list[str] = []
        with self._student(restored.notebook, Spent()) as student:
            asked: dict[str, list[Asked]] = {e.name: [] for e in self.assignment.exercises}
            first = [
                run_exercise(
                    exercise,
                    self.assignment.checks,
                    student,
                    self._seeds_of(restored.notebook),
                    problems,
                    asked[exercise.name],
                )
                for exercise in self.assignment.exercises
            ]
            _start_anyway(student)
            with _Retrial(self, restored.notebook, {r.name: r for r in first}, problems) as again:
                exercises = tuple(again.retry(result) for result in first)
                asked.update(again.asked)
                with self._inspection(restored.notebook, student, asked, again) as inspection:
                    exercises = inspection.judge(exercises)
        return Grade(
            self.assignment.name,
            "repaired" if restored.repairs else "graded",
            exercises,
            manual=manual_cells(restored.notebook),
            repairs=restored.repairs,
            problems=tuple(problems),
            outputs=student.outputs,
            seed=self.seed,
            jail=self.launcher.level,
            cpu_seconds=student.total_cpu_seconds + again.spent.own + inspection.cpu_seconds,
            wall_limited=student.wall_limited or again.wall_limited or inspection.wall_limited,
        )

    def _student(
        self,
        notebook: NotebookNode,
        spent: Spent,
        bindings: Mapping[str, Bound] | None = None,
    ) -> FarStudent:
        return self._student_of(spent, executable_cells(notebook), bindings)

    def _student_of(
        self,
        spent: Spent,
        cells: Sequence[Cell],
        bindings: Mapping[str, Bound] | None,
        shares: int = 1,
    ) -> FarStudent:
        public = self.assignment.public
        files = [public.folder / name for name in ("checks.py", *public.data)]
        limits = self.limits or self.assignment.limits
        limits = replace(
            limits,
            notebook_cpu=limits.notebook_cpu / shares,
            notebook_wall=limits.notebook_wall / shares,
        )
        return FarStudent(
            self.launcher,
            cells,
            files,
            limits,
            bindings,
            spent,
            packages=public.packages,
            given=self._given,
        )

    def _inspection(
        self,
        notebook: NotebookNode,
        student: FarStudent,
        asked: Mapping[str, Sequence[Asked]],
        again: _Retrial,
    ) -> Inspection:
        # The inspections of all exercises together may take the time of one notebook.
        shares = 1 + sum(exercise.formula for exercise in self.assignment.exercises)
        return Inspection(
            self.assignment.exercises,
            executable_cells(notebook),
            self._given_functions,
            student,
            partial(self._student_of, shares=shares),
            asked,
            again.answered,
            again.students,
            self.seed,
        )

    def _seeds_of(self, notebook: NotebookNode) -> Callable[[Check], int]:
        """Return what gives each check its seed, for this notebook's code."""
        return partial(check_seed, submission_seed(self.seed, executable_cells(notebook)))


class _Retrial:
    """Tries an exercise again with the failed exercises that it uses answered by the reference.

    One mistake is paid for once. The reference's values cross the trust line only here: in a
    session of its own that is killed afterwards, after the callee's own grade is final, and for
    the callees that the exercise declares. All second trials together may take the time of one
    notebook. The sessions of those that count live as long as this, for a look at how they answer.
    """

    def __init__(
        self,
        grader: Grader,
        notebook: NotebookNode,
        first: Mapping[str, ExerciseResult],
        problems: list[str],
    ) -> None:
        self._grader = grader
        self._notebook = notebook
        self._first = first
        self._problems = problems
        self.spent = Spent()
        self.wall_limited = False
        self.asked: dict[str, list[Asked]] = {}
        self.answered: dict[str, Mapping[str, Bound]] = {}
        self.students: dict[str, FarStudent] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for student in self.students.values():
            student.close()

    def retry(self, result: ExerciseResult) -> ExerciseResult:
        """Return the better of `result` and a second trial, if there is one."""
        assignment = self._grader.assignment
        exercise = assignment.public.exercise(result.name)
        failed = [
            name
            for name in exercise.uses
            if self._first[name].status != "passed" and name in assignment.reference
        ]
        if result.status in ("passed", "missing") or not failed:
            return result
        if result.status == "timeout" and not any(map(self._hangs, failed)):
            return result  # its own time, and it would take it again
        bindings = oracle(assignment.solutions / HIDDEN_CHECKS).bindings(failed)
        asked: list[Asked] = []
        with ExitStack() as stack:
            student = self._grader._student(self._notebook, self.spent, bindings)  # noqa: SLF001
            stack.enter_context(student)
            second = run_exercise(
                exercise,
                assignment.checks,
                student,
                self._grader._seeds_of(self._notebook),  # noqa: SLF001
                self._problems,
                asked,
            )
            self.wall_limited = self.wall_limited or student.wall_limited
            if second.points <= result.points:
                return result
            if exercise.formula and not any(isinstance(b, BoundClass) for b in bindings.values()):
                # The next bindings forget the objects of these.
                self.students[result.name] = student
                stack.pop_all()
        self.asked[result.name], self.answered[result.name] = asked, bindings
        names = " and ".join(failed)
        note = (
            f"Graded with {names} answered by the reference, because yours is not right yet: "
            "one mistake is paid for once."
        )
        return replace(second, notes=(note,))

    def _hangs(self, name: str) -> bool:
        return any(check.status == "timeout" for check in self._first[name].checks)


def executable_cells(notebook: NotebookNode) -> list[Cell]:
    """Return the code cells that a session runs: all but test cells and figures."""
    return [
        Cell(cell.id, cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code"
        and not cell.metadata.get("nbgrader", {}).get("grade", False)
        and FIGURE_TAG not in cell.metadata.get("tags", [])
        and cell.source.strip()
    ]


def manual_cells(notebook: NotebookNode) -> tuple[ManualCell, ...]:
    """Return the written questions of a canonical notebook."""
    found = []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and marks.get("solution"):
            found.append(ManualCell(marks["grade_id"], float(marks["points"])))
    return tuple(found)


def _start_anyway(student: FarStudent) -> None:
    """Run the cells even if no check called anything, so that their outputs are kept."""
    try:
        student.start()
    except StudentFault:
        return


def _untested(exercise: Exercise, checks: tuple[Check, ...], message: str) -> ExerciseResult:
    results = tuple(
        CheckResult(check.title, check.visible, check.points, "error", message)
        for check in checks
        if check.exercise == exercise.name
    )
    return ExerciseResult(exercise.name, exercise.points, results)
