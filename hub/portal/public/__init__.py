"""Pages for everybody: made without a session, the same for all who ask, from what the register publishes."""
