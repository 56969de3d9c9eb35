"""Pieces of Python that attacks from inside a workspace start with (see `tests.support.walled`)."""

from __future__ import annotations

#: `call(number, ...)` makes a system call and gives (result, errno).
SYSCALL = """
import ctypes, os
_c = ctypes.CDLL(None, use_errno=True)
_c.syscall.restype = ctypes.c_long
def call(number, *arguments):
    ctypes.set_errno(0)
    return [_c.syscall(number, *arguments), ctypes.get_errno()]
"""

#: `raw(path, data)` sends bytes to a unix socket and gives what comes back until the end, or until nothing comes.
RAW = """
import socket
HUB, GUARD, AIRLOCK = "/run/hub/hub.sock", "/run/guard/guard.sock", "/run/guard/airlock.sock"
def raw(path, data, wait=2.0):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.settimeout(wait)
        s.sendall(data)
        came = b""
        try:
            while part := s.recv(65536):
                came += part
        except OSError:
            pass
    return came.decode("latin1")
"""
