"""Formats US dollars for people."""

from decimal import Decimal

LEAST_SHOWN = Decimal("0.0001")


def shown(usd: Decimal) -> str:
    """Format US dollars with four decimals; a smaller amount is not shown as nothing."""
    return f"< {LEAST_SHOWN}" if 0 < usd < LEAST_SHOWN else f"{usd:.4f}"


def with_sign(usd: Decimal) -> str:
    """Format like `shown`, with a sign: `$0.04`, `$0.0408`, `< $0.0001`."""
    if 0 < usd < LEAST_SHOWN:
        return f"< ${LEAST_SHOWN}"
    whole, _, part = shown(usd).partition(".")
    return f"${whole}.{part[:2]}{part[2:].rstrip('0')}"
