"""Leave out what costs more to import than it is worth to us."""

from __future__ import annotations

import sys

SLOW = ("rfc3987_syntax",)
"""jsonschema, which nbformat imports, takes it for the format ``iri`` if it is installed (the
Jupyter server wants it there). It builds a parser when it is imported, which costs a second of CPU
time in each process; no schema of nbformat's has that format."""


def leave_out() -> None:
    """Have imports of `SLOW` fail from now on, which those who try them expect.

    For processes of our own: commands and workers.
    """
    for name in SLOW:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
