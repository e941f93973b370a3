"""Threads, processes, locks and Redis, under both apps: it knows neither."""
