"""Grade one submission: from a file nobody trusts to a `Grade`.

The pipeline, on one screen: locate the notebook in the submission's folder, triage the file,
restore the canonical notebook with the student's text in it, run its cells in a session, run
every check against that session, try again what failed only because of a callee.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from nbformat import NotebookNode

from autograder.checks.model import Check, Exercise
from autograder.checks.repeats import Asked
from autograder.checks.runner import run_exercise
from autograder.checks.transcript import Transcript
from autograder.course import HIDDEN_CHECKS, Assignment
from autograder.errors import Rejected, StudentFault
from autograder.grading.cells import executable_cells, manual_cells
from autograder.grading.evidence import Inspection
from autograder.grading.given import given_definitions, given_functions
from autograder.grading.oracle import oracle
from autograder.grading.recognize import SECONDS, Recognizer
from autograder.grading.restoring import Restorer
from autograder.grading.retrial import Retrial
from autograder.grading.seeds import check_seed, submission_seed
from autograder.limits import Limits
from autograder.results import NO_POINTS, CheckResult, ExerciseResult, Grade
from autograder.session.far import Bound, Cell, FarStudent
from autograder.session.launcher import Launcher
from autograder.session.watch import Spent
from autograder.submission.restore import Restored, canonical_only


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
    diagnose
        Name the known mistakes behind failures, which changes no points.
    """

    assignment: Assignment
    seed: str
    launcher: Launcher
    limits: Limits | None = None
    diagnose: bool = True

    @cached_property
    def restorer(self) -> Restorer:
        """What reads the submissions."""
        return Restorer(self.assignment)

    @cached_property
    def recognizer(self) -> Recognizer:
        """What names the mistakes in them."""
        return Recognizer(self.assignment, self.restorer.canonical())

    @cached_property
    def _given(self) -> dict[str, str]:
        written = {exercise.name for exercise in self.assignment.exercises}
        return given_definitions(self.restorer.canonical(), written)

    @cached_property
    def _given_functions(self) -> list[str]:
        return given_functions(self.restorer.canonical())

    def get_ready(self) -> None:
        """Do now what a process that will grade many submissions can do better at its start."""
        oracle(self.assignment.solutions / HIDDEN_CHECKS).fork(self.assignment.reference)

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
            heard = {e.name: Transcript() for e in self.assignment.exercises}
            first = [
                run_exercise(
                    exercise,
                    self.assignment.checks,
                    student,
                    self._seeds_of(restored.notebook),
                    problems,
                    asked[exercise.name],
                    heard[exercise.name],
                )
                for exercise in self.assignment.exercises
            ]
            _start_anyway(student)
            with self._retrial(restored.notebook, first, problems) as again:
                exercises = tuple(again.retry(result) for result in first)
                asked.update(again.asked)
                with self._inspection(restored.notebook, student, asked, again) as inspection:
                    exercises = inspection.judge(exercises)
        if self.diagnose:
            seed_of = self._seeds_of(restored.notebook)
            exercises = self._diagnosed(exercises, heard, again, seed_of, problems)
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

    def _diagnosed(
        self,
        results: Sequence[ExerciseResult],
        heard: Mapping[str, Transcript],
        again: Retrial,
        seed_of: Callable[[Check], int],
        problems: list[str],
    ) -> tuple[ExerciseResult, ...]:
        """Return `results` with the mistakes that explain the failures among them."""
        until = time.process_time() + SECONDS
        found = []
        for result in results:
            examined, transcript = again.tried.get(result.name, (result, heard[result.name]))
            if NO_POINTS in result.evidence and result.name not in again.answered:
                examined, transcript = result, heard[result.name]
            elif NO_POINTS in result.evidence:
                examined = result
            try:
                diagnosis = self.recognizer.recognize(examined, transcript, seed_of, until)
            except Exception as error:  # noqa: BLE001 - the points are right without
                diagnosis = ()
                problems.append(
                    f"the mistake in {result.name} could not be named: "
                    f"{type(error).__name__}: {str(error)[:300]}"
                )
            found.append(replace(result, diagnosis=diagnosis))
        return tuple(found)

    def _retrial(
        self, notebook: NotebookNode, first: Sequence[ExerciseResult], problems: list[str]
    ) -> Retrial:
        def start(spent: Spent, bindings: Mapping[str, Bound]) -> FarStudent:
            return self._student(notebook, spent, bindings)

        return Retrial(self.assignment, start, self._seeds_of(notebook), first, problems)

    def _inspection(
        self,
        notebook: NotebookNode,
        student: FarStudent,
        asked: Mapping[str, Sequence[Asked]],
        again: Retrial,
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
