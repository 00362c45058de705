"""What both clients are told about their gateway, as gRPC takes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlsplit

import grpc

MESSAGE_BYTES_MAX = 64 << 20
"""Greatest response, in bytes: the gateway's own bound."""


@dataclass(frozen=True)
class Options:
    """Options of a client."""

    url: str
    """Address of the gateway: https://gateway.example.com, or http://localhost:8080 in cleartext."""
    api_key: str | None = None
    """Key or token of the caller; None where the gateway asks for none."""
    default_timeout_s: float = 60.0
    """Deadline of calls that name none (`timeout=`), in seconds, streams included."""
    attempts_max: int = 3
    """Tries of one call in all; 1 never repeats, gRPC takes 5 at most."""
    root_certificates: bytes | None = None
    """PEM of authorities to believe in place of the machine's."""

    @property
    def target(self) -> str:
        """Host and port; raises ValueError for what is no http(s) URL."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: expected http://host:port or https://host, got {self.url!r}")
        return parts.netloc if parts.port else f"{parts.netloc}:{443 if self.is_secure else 80}"

    @property
    def is_secure(self) -> bool:
        """Whether calls go over TLS."""
        return self.url.startswith("https:")

    def credentials(self) -> grpc.ChannelCredentials:
        """Of a connection over TLS."""
        return grpc.ssl_channel_credentials(self.root_certificates)

    def channel_options(self) -> list[tuple[str, str | int]]:
        """The retry policy and the greatest message, as options of a channel."""
        config = json.loads(files("polygate").joinpath("service_config.json").read_text())
        for method in config["methodConfig"]:
            method["retryPolicy"]["maxAttempts"] = self.attempts_max
        retries = "grpc.enable_retries", int(self.attempts_max > 1)
        policy = [retries, ("grpc.service_config", json.dumps(config))] if self.attempts_max > 1 else [retries]
        return [*policy, ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX)]

    def timeout(self, named: float | None) -> float:
        """The deadline of a call, in seconds from now."""
        return self.default_timeout_s if named is None else named

    def metadata(self) -> list[tuple[str, str]]:
        """What every call carries."""
        return [] if self.api_key is None else [("authorization", f"Bearer {self.api_key}")]
