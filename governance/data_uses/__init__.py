"""What the public is told: which projects use data, what is held, statistics of the service. Read from the register."""
