"""Knows what pictures cost: the price book, and a request's cost before it and after it."""
