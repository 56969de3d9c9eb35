"""Commands of the airlock: `sde check` and `sde airlock`."""
