"""Commands of the hub: `sde up`, `sde demo`, `sde workspace` and `sde doctor`."""
