"""Files of pictures: what their bytes say, and where they are stored."""
