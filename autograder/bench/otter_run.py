"""Grade notebooks with Otter-Grader, one after another; run by the Python that has Otter.

``python otter_run.py autograder.zip scores.json notebook...``. It imports nothing of ours. One
process grades all, which is kinder than a command for each.
"""

import json
import sys
from pathlib import Path


def main(archive: str, report: str, notebooks: list[str]) -> None:
    """Grade and write the points of each exercise, or what went wrong, by notebook."""
    from otter.api import grade_submission  # type: ignore[import-not-found, unused-ignore]

    scores: dict[str, object] = {}
    for path in notebooks:
        try:
            results = grade_submission(path, archive, quiet=True)
        except Exception as error:  # noqa: BLE001 - the next one may do
            scores[path] = f"{type(error).__name__}: {error}"
        else:
            scores[path] = {name: float(file.score) for name, file in results.results.items()}
    Path(report).write_text(json.dumps(scores), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
