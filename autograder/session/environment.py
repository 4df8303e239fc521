"""The environment of a student's process."""

from __future__ import annotations


def environment(home: str, libraries: str = "") -> dict[str, str]:
    """Return the whole environment of a student's process: nothing of the host's.

    Parameters
    ----------
    home
        Its writable folder.
    libraries
        Folder of the interpreter's own shared libraries, where the loader would not find them.
    """
    found = {
        "HOME": home,
        "USER": "student",
        "LOGNAME": "student",
        "TMPDIR": home,
        "IPYTHONDIR": f"{home}/ipython",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    return found | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
