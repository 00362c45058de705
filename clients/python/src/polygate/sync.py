"""Polygate from Python, with calls that wait."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

import grpc

from polygate.options import Options
from polygate.v1.backends_pb2_grpc import BackendsServiceStub
from polygate.v1.cache_pb2_grpc import CacheServiceStub
from polygate.v1.chat_pb2_grpc import ChatServiceStub
from polygate.v1.config_pb2_grpc import ConfigServiceStub
from polygate.v1.embeddings_pb2_grpc import EmbeddingsServiceStub
from polygate.v1.health_pb2_grpc import HealthServiceStub
from polygate.v1.keys_pb2_grpc import KeysServiceStub
from polygate.v1.limits_pb2_grpc import LimitsServiceStub
from polygate.v1.models_pb2_grpc import ModelsServiceStub
from polygate.v1.predict_pb2_grpc import PredictServiceStub
from polygate.v1.requests_pb2_grpc import RequestsServiceStub
from polygate.v1.routing_pb2_grpc import RoutingServiceStub
from polygate.v1.stats_pb2_grpc import StatsServiceStub
from polygate.v1.uploads_pb2_grpc import UploadServiceStub


class Polygate:
    """The gateway's services by name, over one connection. Calls raise what `failure_of` reads."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        default_timeout_s: float = 60.0,
        attempts_max: int = 3,
        root_certificates: bytes | None = None,
    ) -> None:
        """Opens no connection yet: the first call does. The options are those of `Options`."""
        options = Options(url, api_key, default_timeout_s, attempts_max, root_certificates)
        if options.is_secure:
            plain = grpc.secure_channel(options.target, options.credentials(), options.channel_options())
        else:
            plain = grpc.insecure_channel(options.target, options.channel_options())
        channel = grpc.intercept_channel(plain, _Policy(options))
        self._channel = plain
        self.backends = BackendsServiceStub(channel)
        self.cache = CacheServiceStub(channel)
        self.chat = ChatServiceStub(channel)
        self.config = ConfigServiceStub(channel)
        self.embeddings = EmbeddingsServiceStub(channel)
        self.health = HealthServiceStub(channel)
        self.keys = KeysServiceStub(channel)
        self.limits = LimitsServiceStub(channel)
        self.models = ModelsServiceStub(channel)
        self.predict = PredictServiceStub(channel)
        self.requests = RequestsServiceStub(channel)
        self.routing = RoutingServiceStub(channel)
        self.stats = StatsServiceStub(channel)
        self.uploads = UploadServiceStub(channel)

    def close(self) -> None:
        """Ends the connection, and the calls on it."""
        self._channel.close()

    def __enter__(self) -> Polygate:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _CallDetails(_Details, grpc.ClientCallDetails):
    """What gRPC asks of a call that an interceptor has changed."""


class _Policy(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """The caller's key, and a deadline where a call names none."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def _pass(self, proceed: Callable[[Any, Any], Any], details: grpc.ClientCallDetails, request: Any) -> Any:
        changed = _CallDetails(
            details.method,
            self._options.timeout(details.timeout),
            [*(details.metadata or ()), *self._options.metadata()],
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )
        return proceed(changed, request)

    intercept_unary_unary: Any = _pass
    intercept_unary_stream: Any = _pass
    intercept_stream_unary: Any = _pass
    intercept_stream_stream: Any = _pass
