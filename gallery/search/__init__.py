"""Searches: what is asked for, and one page, count, selection or breakdown of what is found."""
