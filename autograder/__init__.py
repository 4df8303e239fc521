"""Auto-graded exercises for a first course on neural networks.

In a notebook::

    from autograder import check

    check("sigmoid")
"""

from autograder.adapters.notebook import check

__version__ = "0.1.0"

__all__ = ["__version__", "check"]
