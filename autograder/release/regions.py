"""Solution regions: the lines of a cell between ``BEGIN SOLUTION`` and ``END SOLUTION``.

nbgrader replaces them by a stub. We read them ourselves too: to refuse a master that would not
become a sound stub, and to know which text must never be found in a release.
"""

from __future__ import annotations

from dataclasses import dataclass

BEGIN = "BEGIN SOLUTION"
END = "END SOLUTION"
WRITTEN_STUB = "YOUR ANSWER HERE"


@dataclass(frozen=True)
class Region:
    """One region; line numbers count from 1, marks included.

    Parameters
    ----------
    first, last
        The lines that hold the two marks.
    text
        What stands between them.
    """

    first: int
    last: int
    text: str

    def covers(self, first: int, last: int) -> bool:
        """Whether the lines `first` to `last` all lie between the marks."""
        return self.first < first and last < self.last


def code_stub(exercise: str) -> str:
    """Return the line that stands in for a solution: it names the task."""
    return f'raise NotImplementedError("{exercise}")'


def find_regions(source: str) -> list[Region]:
    """Return the solution regions of a cell, in order.

    Raises
    ------
    ValueError
        A mark lacks its partner, or regions are nested.
    """
    regions: list[Region] = []
    begun: int | None = None
    lines = source.split("\n")
    for number, line in enumerate(lines, start=1):
        if BEGIN in line:
            if begun is not None:
                raise ValueError(f"line {number} begins a solution inside a solution")
            begun = number
        elif END in line:
            if begun is None:
                raise ValueError(f"line {number} ends a solution that never began")
            regions.append(Region(begun, number, "\n".join(lines[begun : number - 1])))
            begun = None
    if begun is not None:
        raise ValueError(f"the solution that begins in line {begun} has no END SOLUTION")
    return regions


def replace_regions(source: str, stub: str) -> str:
    """Return `source` with each region replaced by `stub`, indented as its first mark is."""
    lines = source.split("\n")
    for region in reversed(find_regions(source)):
        mark = lines[region.first - 1]
        indent = mark[: len(mark) - len(mark.lstrip())]
        lines[region.first - 1 : region.last] = [indent + stub]
    return "\n".join(lines)


def without_magics(source: str) -> str:
    """Return a code cell with IPython's own lines (``%matplotlib inline``, ``!ls``) emptied."""
    lines = source.split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)
