"""The mutation gate: the catalogue of mistakes and styles against the checks.

Every mistake must lose points and no right answer may lose any, near (`near`) and as a submission
in the full notebook (`far`); `matrix` says which check notices which mistake, `trials` how often a
right answer fails, `record` keeps what was measured and `page` shows it. For instructors and tests:
nothing that a student uses imports it.
"""
