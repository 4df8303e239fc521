"""Thin ways in: notebook, pytest, command line, nbgrader."""
