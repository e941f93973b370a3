"""Limits the connections of a process: each needs a descriptor, and so does much else."""

import sys

if sys.platform != "win32":
    import resource

MOST = 10_000
"""Connections of a process, if the system allows twice as many descriptors."""


def raise_limit() -> int:
    """Raise the limit to what the system allows; return how many may be connections."""
    if sys.platform == "win32":
        return MOST  # it has no such limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST if hard == resource.RLIM_INFINITY else min(hard, 2 * MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    # The other half is for files that answers read, upstreams, database and log.
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // 2)
