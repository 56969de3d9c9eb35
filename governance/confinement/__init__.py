"""Confining a child process: bubblewrap (namespaces) and a seccomp filter (system calls). Used by every room."""
