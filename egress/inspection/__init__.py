"""Reading hostile files: every parser runs in a locked child process, never in a service."""
