"""Grading a whole class: workers, a store of results, a log. Knows no gradebook."""

from autograder.lean import leave_out

leave_out()  # a worker begins here
