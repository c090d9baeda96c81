"""Whether a server takes connections: for `tocsin doctor`, which sends nothing."""

import asyncio
from contextlib import suppress

PATIENCE_SECONDS = 3.0


async def why_unreachable(host: str, port: int) -> str | None:
    """Why nobody takes a TCP connection there; None when somebody does. Answers within seconds."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"does not answer within {PATIENCE_SECONDS:.0f} s"
    except (OSError, UnicodeError) as error:
        return str(error) or type(error).__name__
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return None
