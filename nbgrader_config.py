"""nbgrader's settings for this course: read by each nbgrader command that is started here."""

from pathlib import Path

from autograder.adapters.nbgrader.gradebook import put_alembic_on_path
from autograder.adapters.nbgrader.pages import FILTERS
from autograder.adapters.nbgrader.stubs import preprocessors

c = get_config()  # noqa: F821 - traitlets defines it for configuration files

# Works from an environment that is not activated, too.
put_alembic_on_path()

# Folders. submitted/, autograded/, feedback/ and gradebook.db stand at the root, as by default.
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.source_directory = "build/source"  # staged from solutions/, solved
c.CourseDirectory.release_directory = "assignments"

# Every file beside a source notebook ships to students. `autograder release` stages public files
# only; should one of these get there all the same, it stays there.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "__pycache__",
    "*.pyc",
    "hidden_checks.py",
    "mutants.py",
    "variants.py",
    "thresholds.json",
    "symptoms.json",
]

# Stubs that name their exercise.
c.GenerateAssignment.preprocessors = preprocessors()

# Grades. A submission is reduced to its notebook, read through triage and restore, and graded
# outside the student's process; nbgrader keeps the gradebook. `autograder grade` is the fast way
# to the same grades.
c.Autograde.pre_convert_hook = "autograder.adapters.nbgrader.plugin.only_the_notebook"
c.Autograde.exporter_class = "autograder.adapters.nbgrader.plugin.RestoringExporter"
c.Autograde.autograde_preprocessors = [
    "autograder.adapters.nbgrader.plugin.GradeStep",  # in place of nbgrader's Execute
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Pages. What students wrote is cleaned wherever it is shown, in formgrader too, and the feedback
# pages hold no scripts.
c.HTMLExporter.filters = dict(FILTERS)
c.GenerateFeedback.exporter_class = "autograder.adapters.nbgrader.pages.FeedbackExporter"
