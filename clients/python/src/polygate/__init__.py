"""Polygate from Python: `Polygate` and `AsyncPolygate` call it, `failure_of` reads why a call failed."""

from polygate.aio import AsyncPolygate
from polygate.failure import Failure, failure_of
from polygate.sync import Polygate

__all__ = ["AsyncPolygate", "Failure", "Polygate", "failure_of"]
