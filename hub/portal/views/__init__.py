"""Read models: what the pages show, as frozen dataclasses filled from the register inside one reading session."""
