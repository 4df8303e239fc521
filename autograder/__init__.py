"""Auto-graded exercises for a first course on neural networks.

In a notebook::

    from autograder import check

    check("sigmoid")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.adapters.notebook import check

__version__ = "0.1.0"

__all__ = ["__version__", "check"]


def __getattr__(name: str) -> Any:
    """Import `check` when it is first asked for: pytest's plugin starts without IPython."""
    if name == "check":
        from autograder.adapters.notebook import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
