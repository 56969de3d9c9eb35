"""The locked engine: confined child processes that execute SQL the policy has already approved."""
