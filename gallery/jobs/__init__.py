"""Jobs that change pictures, with the index and the counters that move with them."""
