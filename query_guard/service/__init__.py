"""The guard over HTTP, on a private unix socket: identity from channel and token, answers as Arrow."""
