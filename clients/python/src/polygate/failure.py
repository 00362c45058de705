"""Why a call failed, as the gateway tells it in google.rpc details."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import grpc
from google.rpc import error_details_pb2, status_pb2


@dataclass(frozen=True)
class Failure:
    """A failed call."""

    code: grpc.StatusCode
    """gRPC's status code."""
    reason: str
    """The gateway's name of the failure, such as RATE_LIMITED; empty when no gateway answered."""
    message: str
    """What happened, in words."""
    retry_after_s: float | None = None
    """When a new try makes sense, in seconds from now; None where the gateway names no time."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Fields of the request at fault, and what is wrong with each."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Further facts, such as the limit that was met."""
    request_id: str = ""
    """The gateway's id of the request, which its logs have; empty when no gateway answered."""


def failure_of(error: grpc.RpcError) -> Failure:
    """Reads what a call of either client raised."""
    if not isinstance(error, (grpc.Call, grpc.aio.AioRpcError)):
        return Failure(grpc.StatusCode.UNKNOWN, "", str(error))
    metadata = dict(_pairs(error.initial_metadata())) | dict(_pairs(error.trailing_metadata()))
    status = status_pb2.Status()
    status.ParseFromString(metadata.get("grpc-status-details-bin", b""))
    info = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    bad = error_details_pb2.BadRequest()
    for detail in status.details:
        for message in (info, retry, bad):
            detail.Unpack(message)
    return Failure(
        code=error.code(),
        reason=info.reason,
        message=error.details() or "",
        retry_after_s=retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None,
        fields={violation.field: violation.description for violation in bad.field_violations},
        facts=dict(info.metadata),
        request_id=metadata.get("x-request-id", b"").decode(),
    )


def _pairs(metadata: Iterable[tuple[str, str | bytes]] | None) -> Iterable[tuple[str, bytes]]:
    for key, value in metadata or ():
        yield key, value if isinstance(value, bytes) else value.encode()
