"""The student's process, and the trust line in front of it."""
