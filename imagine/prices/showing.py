"""US dollars for people. Pure."""

from decimal import Decimal

LEAST_SHOWN = Decimal("0.0001")


def shown(usd: Decimal) -> str:
    """US dollars with four digits after the point; what is less is not said to be nothing."""
    return f"< {LEAST_SHOWN}" if 0 < usd < LEAST_SHOWN else f"{usd:.4f}"


def with_sign(usd: Decimal) -> str:
    """As `shown`, alone in a text: `$0.04`, `$0.0408`, `< $0.0001`."""
    if 0 < usd < LEAST_SHOWN:
        return f"< ${LEAST_SHOWN}"
    whole, _, part = shown(usd).partition(".")
    return f"${whole}.{part[:2]}{part[2:].rstrip('0')}"
