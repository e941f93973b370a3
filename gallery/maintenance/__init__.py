"""Upkeep of a library: what is missing, stray, damaged or out of date."""
