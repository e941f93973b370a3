"""What stands before a place."""
