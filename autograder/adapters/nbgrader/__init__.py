"""nbgrader's extension points."""
