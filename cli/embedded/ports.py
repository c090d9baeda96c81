"""Ports on loopback: which are free, and who holds one that is not."""

import socket

import psutil

from cli.errors import CommandError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As servers do, so that connections of a server just stopped (TIME_WAIT) do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def demand_free(port: int, flag: str, variable: str) -> None:
    """Refuse a port that is taken, naming its holder where the system tells, and both ways to choose another.

    Raises:
        CommandError: the port is in use, or may not be opened by this user.
    """
    if is_free(port):
        return
    if port < 1024 and not answers(port):
        raise CommandError(
            f"port {port} may not be opened by this user; choose one above 1023 with {flag} / {variable}"
        )
    raise CommandError(
        f"port {port} is in use by another program{_holder(port)}; "
        f"stop it or choose another with {flag} / {variable}"
    )


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            at = tuple(connection.laddr)
            if connection.status == psutil.CONN_LISTEN and at[1:] == (port,) and connection.pid:
                return f" ({psutil.Process(connection.pid).name()}, pid {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass  # The name is a courtesy: not every system tells it to every user.
    return ""
