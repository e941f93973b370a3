"""Runs generations that wait for their turn, in whichever process is there.

A task is a row of `Generation` like any other. While it waits its status is "queued", and its
`errand` holds what the other columns do not, so that another process can begin it, even after a
restart. Once its turn has come it is never begun again: it may have been charged.
"""
