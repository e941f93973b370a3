"""Threads, processes, locks and Redis, used by both apps and importing neither."""
