"""Grading a whole class: workers, a store of results, a log. Knows no gradebook."""
