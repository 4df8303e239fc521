"""What a wrong answer says about its mistake, without knowing the mistakes.

Rules read what came back beside what is right, name the pattern and ask the question that a tutor
would ask. They ship to students: NumPy only, no catalogue, and no right value but the one that the
check has at hand.
"""

from autograder.diagnosis.findings import Counts, Finding

__all__ = ["Counts", "Finding"]
