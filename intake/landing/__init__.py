"""The landing: deliveries of the feeds come in, are checked row by row, and lie staged for linking and harmonising."""
