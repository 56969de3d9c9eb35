"""The page after sign-in: my projects and workspaces, my egress requests, the review queue, the administration."""
