"""The egress checks on a labelled corpus: what they miss, where they cry wolf, and how long they take."""
