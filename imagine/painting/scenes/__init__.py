"""Places to paint: one module for each, each with one function of its name."""
