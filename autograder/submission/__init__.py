"""From a submitted file to the canonical notebook with the student's text in it."""
