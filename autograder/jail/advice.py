"""What to do about a jail that does not start, from what its programs said."""

from __future__ import annotations

from autograder.errors import JailUnavailable

ORDINARY_USER = (
    "This is root in a container that may not make namespaces. Grade as an ordinary user there, "
    "or give the container the capability SYS_ADMIN."
)
APPARMOR = (
    "Ubuntu's AppArmor keeps programs without a profile from user namespaces: docs/security.md "
    "has the profile for bubblewrap, a file of five lines in /etc/apparmor.d."
)
NAMESPACES = (
    "User namespaces are switched off: sudo sysctl -w user.max_user_namespaces=15000, on older "
    "Debian also kernel.unprivileged_userns_clone=1; in a container, its runtime must allow them."
)

TEMPORARY = (
    "Set TMPDIR to a folder that everybody may enter, and all above it, as /tmp: root's sessions "
    "run as users of their own."
)
UNMEASURED = (
    "As root, give the container the capabilities SYS_PTRACE and KILL, or grade as an ordinary "
    "user; as an ordinary user, see that /proc is mounted without hidepid, and that ulimit -Hc is "
    "not 0, or install bubblewrap."
)

KNOWN = {
    "an ordinary user may not enter": TEMPORARY,
    "could not be measured": UNMEASURED,
    "cannot enter a mount namespace": ORDINARY_USER,
    "setting up uid map: Permission denied": APPARMOR,
    "loopback: Failed RTM_NEWADDR": APPARMOR,
    "No permissions to create": NAMESPACES,
    "Creating new namespace failed": NAMESPACES,
    "maps too few users": "Give the container a range of at least 65536 users, or grade as an "
    "ordinary user.",
}
"""Part of a message, and the way out."""


def advised(error: JailUnavailable) -> JailUnavailable:
    """Return `error` with a mend that fits what it says, if it is a known one."""
    for part, mend in KNOWN.items():
        if part in error.reason:
            # The rest is a traceback of ours or bubblewrap's usage.
            line = next(line for line in error.reason.splitlines() if part in line)
            return JailUnavailable(line.strip(), mend=mend)
    return error
