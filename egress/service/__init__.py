"""The airlock's one process: the workspaces' API on a private socket and the pages of authors and checkers."""
