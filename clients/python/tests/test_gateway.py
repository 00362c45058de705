"""The client against a gateway: POLYGATE_URL, POLYGATE_KEY, POLYGATE_ONCE_KEY name it and two of its keys."""

import asyncio
import os
import unittest

import grpc
from polygate import AsyncPolygate, Failure, Polygate, failure_of
from polygate.v1.chat_pb2 import ChatRequest
from polygate.v1.models_pb2 import ListModelsRequest

URL = os.environ["POLYGATE_URL"]
KEY = os.environ["POLYGATE_KEY"]
ONCE_KEY = os.environ["POLYGATE_ONCE_KEY"]
HELLO = ChatRequest(message="hello")


def failed(key: str, request: ChatRequest, timeout: float | None = None) -> Failure:
    """What a chat fails with."""
    with Polygate(URL, api_key=key) as polygate:
        try:
            polygate.chat.Chat(request, timeout=timeout)
        except grpc.RpcError as error:
            return failure_of(error)
    raise AssertionError("it did not fail")


class Sync(unittest.TestCase):
    """Calls that wait."""

    def test_chats_whole_and_as_a_stream(self) -> None:
        with Polygate(URL, api_key=KEY) as polygate:
            self.assertEqual(polygate.chat.Chat(HELLO).response, "Hello there")
            pieces = [piece.delta for piece in polygate.chat.StreamChat(HELLO)]
            self.assertEqual("".join(pieces), "Hello there")
            self.assertTrue(polygate.models.ListModels(ListModelsRequest()).models)

    def test_a_deadline_ends_the_call(self) -> None:
        failure = failed(KEY, ChatRequest(message="hello", model_preference="slow"), timeout=0.3)
        self.assertEqual(failure.code, grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_a_default_deadline_ends_a_call_that_names_none(self) -> None:
        with Polygate(URL, api_key=KEY, default_timeout_s=0.3) as polygate:
            with self.assertRaises(grpc.RpcError) as raised:
                polygate.chat.Chat(ChatRequest(message="hello", model_preference="slow"))
        self.assertEqual(failure_of(raised.exception).code, grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_an_error_names_its_reason_the_request_and_the_fields_at_fault(self) -> None:
        wrong = failed("another-key", HELLO)
        self.assertEqual((wrong.code, wrong.reason), (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIAL_INVALID"))
        self.assertTrue(wrong.request_id)
        invalid = failed(KEY, ChatRequest(message="hello", max_tokens=-1))
        self.assertEqual((invalid.reason, list(invalid.fields)), ("REQUEST_INVALID", ["max_tokens"]))

    def test_a_limit_tells_when_to_come_back(self) -> None:
        with Polygate(URL, api_key=ONCE_KEY) as polygate:
            polygate.chat.Chat(HELLO)
        limited = failed(ONCE_KEY, HELLO)
        self.assertEqual((limited.code, limited.reason), (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED"))
        self.assertGreater(limited.retry_after_s or 0, 1)

    def test_what_cannot_be_reached_is_tried_three_times(self) -> None:
        """The gateway counts the tries."""
        failure = failed(KEY, ChatRequest(message="hello", model_preference="down"))
        self.assertEqual(failure.code, grpc.StatusCode.UNAVAILABLE)

    def test_an_address_that_is_none_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "url: expected http://host:port"):
            Polygate("localhost:8080")


class Async(unittest.IsolatedAsyncioTestCase):
    """Calls under asyncio."""

    async def test_chats_whole_and_as_a_stream(self) -> None:
        async with AsyncPolygate(URL, api_key=KEY) as polygate:
            self.assertEqual((await polygate.chat.Chat(HELLO)).response, "Hello there")
            pieces = [piece.delta async for piece in polygate.chat.StreamChat(HELLO)]
            self.assertEqual("".join(pieces), "Hello there")

    async def test_a_deadline_ends_the_call(self) -> None:
        async with AsyncPolygate(URL, api_key=KEY, default_timeout_s=0.3) as polygate:
            with self.assertRaises(grpc.RpcError) as raised:
                await polygate.chat.Chat(ChatRequest(message="hello", model_preference="slow"))
        self.assertEqual(failure_of(raised.exception).code, grpc.StatusCode.DEADLINE_EXCEEDED)

    async def test_an_error_names_its_reason(self) -> None:
        async with AsyncPolygate(URL, api_key="another-key") as polygate:
            with self.assertRaises(grpc.RpcError) as raised:
                async for _ in polygate.chat.StreamChat(HELLO):
                    pass
        failure = failure_of(raised.exception)
        self.assertEqual(failure.reason, "CREDENTIAL_INVALID")
        self.assertTrue(failure.request_id)

    async def test_a_task_that_is_cancelled_ends_its_call(self) -> None:
        """The gateway's side is looked at by whoever runs these tests."""
        async with AsyncPolygate(URL, api_key=KEY) as polygate:
            call = polygate.chat.Chat(ChatRequest(message="hello", model_preference="slow"))
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(call, 0.3)

    async def test_a_stream_that_cannot_be_reached_is_tried_three_times(self) -> None:
        """The gateway counts the tries."""
        async with AsyncPolygate(URL, api_key=KEY) as polygate:
            with self.assertRaises(grpc.RpcError) as raised:
                async for _ in polygate.chat.StreamChat(ChatRequest(message="hello", model_preference="down")):
                    pass
        self.assertEqual(failure_of(raised.exception).code, grpc.StatusCode.UNAVAILABLE)


if __name__ == "__main__":
    unittest.main()
