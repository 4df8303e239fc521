"""What keeps a student's code from everything but its own scratch folder."""
