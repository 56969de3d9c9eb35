"""What a reader can work out of hidden cells: sums found in and between tables, and the least and most of each cell."""
