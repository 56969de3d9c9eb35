"""Who you are and which room you get: sign-in, workspaces and their isolation, edge proxy, portal."""
