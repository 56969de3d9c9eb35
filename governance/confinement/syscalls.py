"""System call numbers of the two supported machines, and which calls a confined process may not make. Data only.

Numbers: the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (arm64). A call
that a machine does not have is None.
"""

from __future__ import annotations

from typing import NamedTuple


class Numbers(NamedTuple):
    """One call's number on each machine."""

    x86_64: int | None
    aarch64: int | None


#: Calls whose arguments the filter looks at.
SOCKET, SOCKETPAIR = Numbers(41, 198), Numbers(53, 199)
CLONE, CLONE3 = Numbers(56, 220), Numbers(435, 435)
IOCTL = Numbers(16, 29)

#: The highest number that a confined process may call (fchmodat2, Linux 6.6). Newer calls are unknown to it: the list
#: below cannot name what did not exist when it was written, and every program runs on kernels that lack them.
LAST_CALL = 452

#: Refused outright with EPERM. No analysis needs them; each one reaches deep into the kernel or out of the sandbox.
REFUSED: dict[str, Numbers] = {
    # programs and keys inside the kernel
    "bpf": Numbers(321, 280),
    "add_key": Numbers(248, 217),
    "request_key": Numbers(249, 218),
    "keyctl": Numbers(250, 219),
    # the usual helpers of kernel exploits
    "userfaultfd": Numbers(323, 282),
    "perf_event_open": Numbers(298, 241),
    "io_uring_setup": Numbers(425, 425),
    "io_uring_enter": Numbers(426, 426),
    "io_uring_register": Numbers(427, 427),
    # kernel AIO: one process could take the contexts of the whole machine (fs.aio-max-nr)
    "io_setup": Numbers(206, 0),
    "io_destroy": Numbers(207, 1),
    "io_submit": Numbers(209, 2),
    "io_cancel": Numbers(210, 3),
    "io_getevents": Numbers(208, 4),
    "io_pgetevents": Numbers(333, 292),
    # memory that even the kernel cannot look into
    "memfd_secret": Numbers(447, 447),
    # opening a file by its number instead of its path leaves a bind mount
    "open_by_handle_at": Numbers(304, 265),
    "name_to_handle_at": Numbers(303, 264),
    # other processes
    "ptrace": Numbers(101, 117),
    "process_vm_readv": Numbers(310, 270),
    "process_vm_writev": Numbers(311, 271),
    "pidfd_getfd": Numbers(438, 438),
    "kcmp": Numbers(312, 272),
    # namespaces and mounts
    "unshare": Numbers(272, 97),
    "setns": Numbers(308, 268),
    "mount": Numbers(165, 40),
    "umount2": Numbers(166, 39),
    "pivot_root": Numbers(155, 41),
    "chroot": Numbers(161, 51),
    "open_tree": Numbers(428, 428),
    "move_mount": Numbers(429, 429),
    "fsopen": Numbers(430, 430),
    "fsconfig": Numbers(431, 431),
    "fsmount": Numbers(432, 432),
    "fspick": Numbers(433, 433),
    "mount_setattr": Numbers(442, 442),
    "fanotify_init": Numbers(300, 262),
    "quotactl": Numbers(179, 60),
    "quotactl_fd": Numbers(443, 443),
    # the machine itself
    "init_module": Numbers(175, 105),
    "finit_module": Numbers(313, 273),
    "delete_module": Numbers(176, 106),
    "kexec_load": Numbers(246, 104),
    "kexec_file_load": Numbers(320, 294),
    "reboot": Numbers(169, 142),
    "swapon": Numbers(167, 224),
    "swapoff": Numbers(168, 225),
    "acct": Numbers(163, 89),
    "syslog": Numbers(103, 116),
    "vhangup": Numbers(153, 58),
    "sethostname": Numbers(170, 161),
    "setdomainname": Numbers(171, 162),
    "settimeofday": Numbers(164, 170),
    "clock_settime": Numbers(227, 112),
    "lookup_dcookie": Numbers(212, 18),
    # relics of one machine
    "modify_ldt": Numbers(154, None),
    "ioperm": Numbers(173, None),
    "iopl": Numbers(172, None),
    "uselib": Numbers(134, None),
    "nfsservctl": Numbers(180, 42),
}
