"""What a fork server and the trusted side say to each other."""

from __future__ import annotations

import struct

LENGTH = struct.Struct(">I")
"""Comes before a request, a `autograder.jail.separate.Separation` as bytes."""

FIRST = b"first"
"""The first process of the session's namespace is up."""
SESSION = b"session"
"""The session is up; of a server: it is ready."""
FAILED = b"failed: "
"""It is not, and why."""
