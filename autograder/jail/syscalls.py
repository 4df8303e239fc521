"""The policy: which system calls a student's process may make, as tables.

`autograder.jail.seccomp` makes a program for the kernel of it. The names are those of all
architectures that we know; one that an architecture has not is left out there. A table is text:
names, and comments that say why.

Landlock and the jail's mounts decide which *files* can be reached; this decides what can be *done*.
It also closes what Landlock leaves open: sockets of every kind, signals to other processes, modes
and times of files, truncation by name, the ioctls of devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

ALLOWED = """
# Descriptors: reading, writing, waiting. dup and pipe reach nothing new.
read write readv writev pread64 pwrite64 preadv pwritev lseek close dup dup2 dup3 pipe pipe2 poll
ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
eventfd eventfd2 fsync fdatasync ftruncate fallocate fadvise64
# Files and folders by name. Which ones, say the jail's mounts and Landlock.
creat access faccessat faccessat2 stat lstat fstat newfstatat statx statfs fstatfs getdents
getdents64 getcwd chdir fchdir mkdir mkdirat rmdir rename renameat renameat2 unlink unlinkat
readlink readlinkat umask
# Memory of its own; mmap is below. Code that writes machine code is code like any other.
brk munmap mprotect mremap madvise msync
# Threads: started by clone, with CLONE_THREAD only, and waiting by futex; both below.
set_robust_list set_tid_address rseq sched_yield sched_getaffinity getcpu gettid
# Signals from the kernel and to itself by a timer; none to others.
rt_sigprocmask rt_sigpending rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack
restart_syscall pause alarm getitimer setitimer
# Clocks, for reading and sleeping.
clock_gettime clock_getres clock_nanosleep gettimeofday nanosleep time times
# What it is and where it runs.
getpid getppid getpgrp getuid geteuid getgid getegid getresuid getresgid getgroups getrlimit
getrusage uname sysinfo getrandom arch_prctl
# The channel to the grader is a stream socket that is open already; asyncio makes a pair.
getsockname getpeername shutdown
# The end.
exit exit_group
"""
"""Allowed with any arguments."""

PROCESSES = """
# Only for an assignment that asks for processes; the jail's own pid namespace bounds the harm.
# multiprocessing's locks are named semaphores, which the C library makes with link.
fork vfork execve wait4 waitid kill tkill tgkill getpgid setpgid getsid setsid link linkat
"""
"""Allowed beside them where an assignment asks for processes (`Limits.processes`)."""

DENIED = """
# New processes (clone, below, knows threads) and signals to any process.
fork vfork execve execveat wait4 waitid kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo
pidfd_open pidfd_getfd pidfd_send_signal setpgid setsid
# Sockets, and messages that carry descriptors.
socket connect bind listen accept accept4 sendmsg sendmmsg recvmsg recvmmsg setsockopt
# Memory and kernel objects that outlive a process, or that nobody counts.
memfd_create memfd_secret shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl semget semop
semtimedop semctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr mlock
mlock2 mlockall munlock munlockall
# Other processes' memory, tracing, and parts of the kernel with a history of holes.
ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp userfaultfd
io_uring_setup io_uring_enter io_uring_register io_setup io_submit bpf perf_event_open add_key
request_key keyctl lookup_dcookie modify_ldt personality
# Names of files that lead elsewhere, devices, owners, truncation by name.
link linkat symlink symlinkat mknod mknodat chown fchown lchown fchownat truncate
name_to_handle_at open_by_handle_at inotify_init inotify_init1 inotify_add_watch fanotify_init
fanotify_mark quotactl quotactl_fd splice tee vmsplice
# Limits, rights, priorities: nobody raises or changes them.
setrlimit setpriority ioprio_set sched_setaffinity sched_setscheduler sched_setparam sched_setattr
setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset seccomp
landlock_create_ruleset landlock_add_rule landlock_restrict_self
# Namespaces, mounts and the machine.
unshare setns mount umount2 mount_setattr move_mount open_tree fsopen fsmount fsconfig fspick
pivot_root chroot swapon swapoff reboot sethostname setdomainname settimeofday clock_settime
adjtimex clock_adjtime init_module finit_module delete_module kexec_load kexec_file_load iopl
ioperm syslog acct vhangup
"""
"""Answered with EPERM: what people know and may try. What is in no table gets ENOSYS."""

UNSUPPORTED = """
# Extended attributes: shutil.copystat takes ENOTSUP for an answer.
getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr
removexattr lremovexattr fremovexattr
"""
"""Answered with ENOTSUP."""

PRETENDED = """
# Landlock cannot keep a process from the modes and times of files that its user owns.
chmod fchmod fchmodat fchmodat2 utime utimes utimensat futimesat
# A session is alone with its files. A lock would be seen by another session that reads the same
# file of the host's, and those on parts of a file (fcntl, below) take memory that nobody counts.
flock
"""
"""Answered with success, without any effect: `shutil.copy` and its kind work on."""


@dataclass(frozen=True)
class Arg:
    """A condition on one argument of a call: ``argument & mask == value``."""

    number: int
    value: int
    mask: int = 0xFFFF_FFFF
    """By default that of an ``int``, whose upper half the kernel does not look at either."""


Rule: TypeAlias = tuple[str, tuple[Arg, ...]]
"""A call, and conditions that all have to hold. Several rules of one call are alternatives."""

_ALL = 0xFFFF_FFFF
LONG = 0xFFFF_FFFF_FFFF_FFFF

CLONE_THREAD = 0x0001_0000
CLONE_SHARING = 0x0000_0600
"""CLONE_FS and CLONE_FILES: threads share their descriptors, whose number is limited."""
CLONE_PIDFD = 0x0000_1000
CLONE_NAMESPACES = 0x7E02_0000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""

_ACCESS, _WRITE_ONLY, _READ_AND_WRITE, _TRUNCATE = 0o3, 0o1, 0o2, 0o1000
_CLOSE_ON_EXEC_OR_NONBLOCKING = 0o2004000

_TERMINAL = (0x5401, 0x802C_542A, 0x5413)
"""TCGETS and TCGETS2, which isatty asks, and TIOCGWINSZ."""

_DESCRIPTOR = (0x541B, 0x5421, 0x5450, 0x5451)
"""FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""

_FCNTL = (0, 1, 2, 3, 4, 5, 36, 1030, 1032)
"""F_DUPFD, flags, asking for locks, F_DUPFD_CLOEXEC and F_GETPIPE_SZ.

Not F_SETOWN, which has the kernel signal another process, nor F_NOTIFY and F_SETLEASE.
"""

_LOCKS = (6, 7, 37, 38)
"""F_SETLK, F_SETLKW, F_OFD_SETLK and F_OFD_SETLKW."""

_MAP_SHARED, _MAP_PRIVATE, _MAP_ANONYMOUS, _MAP_TYPE = 0x01, 0x02, 0x20, 0x0F
_CLOSE_RANGE_CLOEXEC = 4

_FUTEX = (0, 1, 3, 4, 5, 9, 10)
"""Waiting, waking and requeueing. Not the priority-inheriting ones: a history of holes."""

_FUTEX_FLAGS = 0o600  # FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME

_SEND_FLAGS = 0x4040  # MSG_DONTWAIT, MSG_NOSIGNAL
_RECEIVE_FLAGS = 0x0142  # MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL; not MSG_OOB: again holes

_SOCKET_OPTIONS = (3, 4, 38, 39)
"""SO_TYPE, SO_ERROR, SO_PROTOCOL and SO_DOMAIN. Not SO_PEERPIDFD."""


def _opens(name: str, flags: int) -> tuple[Rule, ...]:
    """Let a file be emptied only by who may write to it: Landlock before ABI 3 does not look."""
    return (
        (name, (Arg(flags, 0, _TRUNCATE),)),
        (name, (Arg(flags, _WRITE_ONLY, _ACCESS),)),
        (name, (Arg(flags, _READ_AND_WRITE, _ACCESS),)),
    )


CONDITIONAL: tuple[Rule, ...] = (
    *_opens("open", 1),
    *_opens("openat", 2),
    *(("ioctl", (Arg(1, request),)) for request in _TERMINAL + _DESCRIPTOR),
    *(("fcntl", (Arg(1, command),)) for command in _FCNTL),
    # Not CLOSE_RANGE_UNSHARE, which gives a thread descriptors of its own.
    ("close_range", (Arg(2, 0, _ALL & ~_CLOSE_RANGE_CLOEXEC),)),
    *(("futex", (Arg(1, operation, _ALL & ~_FUTEX_FLAGS),)) for operation in _FUTEX),
    # PR_SET_NAME and PR_GET_NAME, of a thread.
    *(("prctl", (Arg(0, option),)) for option in (15, 16)),
    # Its own limits, without new ones; its own group.
    ("prlimit64", (Arg(0, 0), Arg(2, 0, LONG))),
    ("getpgid", (Arg(0, 0),)),
    # AF_UNIX and SOCK_STREAM.
    ("socketpair", (Arg(0, 1), Arg(1, 1, _ALL & ~_CLOSE_ON_EXEC_OR_NONBLOCKING))),
    # send: without an address. recv: from anybody, since nobody else can be there.
    ("sendto", (Arg(3, 0, _ALL & ~_SEND_FLAGS), Arg(4, 0, LONG), Arg(5, 0))),
    ("recvfrom", (Arg(3, 0, _ALL & ~_RECEIVE_FLAGS),)),
    # SOL_SOCKET.
    *(("getsockopt", (Arg(1, 1), Arg(2, option))) for option in _SOCKET_OPTIONS),
)

PRETENDED_RULES: tuple[Rule, ...] = tuple(("fcntl", (Arg(1, command),)) for command in _LOCKS)
"""Answered with success, without any effect."""

_SIGCHLD = (
    *(Arg(0, 0, bit) for bit in (0x01, 0x10)),
    *(Arg(0, bit, bit) for bit in (0x02, 0x04, 0x08, 0x20, 0x40)),
)
"""Of each signal but SIGCHLD, which is 17, one of these holds."""

ALONE: tuple[Rule, ...] = (
    (
        "clone",
        (
            Arg(
                0,
                CLONE_THREAD | CLONE_SHARING,
                CLONE_THREAD | CLONE_SHARING | CLONE_NAMESPACES | CLONE_PIDFD,
            ),
        ),
    ),
    ("rt_sigaction", ()),
    # What is not anonymous is a file, and counted with the scratch folder.
    ("mmap", (Arg(3, 0, _MAP_ANONYMOUS),)),
    ("mmap", (Arg(3, _MAP_ANONYMOUS | _MAP_PRIVATE, _MAP_ANONYMOUS | _MAP_TYPE),)),
)
"""Without processes. clone3, whose arguments no filter sees, gets ENOSYS: libc then uses clone."""

ALONE_DENIED: tuple[Rule, ...] = (
    ("clone", (Arg(0, 0, CLONE_THREAD),)),
    # Memory that is shared can leave the resident set, which the watchdog adds up, and stay.
    ("mmap", (Arg(3, _MAP_ANONYMOUS | _MAP_SHARED, _MAP_ANONYMOUS | _MAP_SHARED),)),
)
"""Without processes: EPERM."""

CHILDREN: tuple[Rule, ...] = (
    ("clone", (Arg(0, 0, CLONE_NAMESPACES),)),
    ("mmap", ()),
    *(("rt_sigaction", (other,)) for other in _SIGCHLD),
)
"""With processes."""

CHILDREN_PRETENDED: tuple[Rule, ...] = (("rt_sigaction", (Arg(0, 17, 0x7F),)),)
"""With processes: whoever ignores SIGCHLD has children whose CPU time is added to nobody's."""


def names(table: str) -> tuple[str, ...]:
    """Return the calls of a table."""
    lines = [line for line in table.splitlines() if not line.startswith("#")]
    return tuple(" ".join(lines).split())
