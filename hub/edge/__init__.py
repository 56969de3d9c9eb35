"""The edge: the only TCP listener, and the only place where egress rules for browsers hold (a kernel can replace the
workspace's own server, so nothing inside a workspace is believed)."""
