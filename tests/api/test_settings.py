import pytest

from api.settings import ApiSettings


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("api.example.com", False),
    ],
)
def test_only_this_machine_reaches_loopback(host: str, is_loopback: bool) -> None:
    settings = ApiSettings(database_url="postgresql://x", secret_key="0123456789abcdef", host=host)
    assert settings.is_loopback is is_loopback


def test_the_master_secret_is_not_printed() -> None:
    settings = ApiSettings(database_url="postgresql://x", secret_key="0123456789abcdef")
    assert "0123456789abcdef" not in repr(settings)
