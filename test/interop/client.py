"""Calls a gateway with grpcio; messages are built from what its reflection tells.

Reads where to call as JSON on stdin; prints {"name", "problem"} as JSON, a line a case.
"""

import json
import pathlib
import queue
import sys
import traceback

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

facts = json.load(sys.stdin)
cases = []


def case(name):
    def keep(run):
        cases.append((name, run))
        return run

    return keep


class Client:
    """One channel, and the methods that reflection tells of."""

    def __init__(self, target, credentials=None, **options):
        self.channel = (
            grpc.insecure_channel(target, **options)
            if credentials is None
            else grpc.secure_channel(target, credentials, **options)
        )
        self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def method(self, service, name):
        """A callable of grpcio, and the class of its requests."""
        found = self.pool.FindServiceByName(service).methods_by_name[name]
        request, response = map(
            message_factory.GetMessageClass, (found.input_type, found.output_type)
        )
        kinds = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, True): self.channel.stream_stream,
        }
        make = kinds[found.client_streaming, found.server_streaming]
        call = make(
            f"/{service}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return call, request


CHAT = "polygate.v1.ChatService"
PREDICT = "polygate.v1.PredictService"


def image(digit):
    return pathlib.Path(f"models/digits/examples/{digit}.png").read_bytes()


def failure(run):
    """The RpcError that `run` raises."""
    try:
        run()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call did not fail")


def error_info(error):
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details), "no ErrorInfo"
    return info


def equal(seen, wanted):
    assert seen == wanted, f"{seen!r} is not {wanted!r}"


plain = Client(facts["plain"])
slow = Client(facts["slow"])


@case("unary Chat with tools computes 12*7")
def _():
    chat, request = plain.method(CHAT, "Chat")
    answer = chat(request(message="what is 12*7?", use_tools=True))
    assert "84" in answer.response, answer.response
    equal(list(answer.tools_called), ["calculator"])
    equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)


@case("server stream: the pieces are the whole answer")
def _():
    chat, request = plain.method(CHAT, "Chat")
    stream, _ = plain.method(CHAT, "StreamChat")
    question = request(message="what is 6*7?", use_tools=True)
    pieces = list(stream(question))
    equal("".join(piece.delta for piece in pieces), chat(question).response)
    equal([piece.done for piece in pieces], [False] * (len(pieces) - 1) + [True])


@case("bidi StreamPredict: each answer comes before the next question")
def _():
    stream, request = plain.method(PREDICT, "StreamPredict")
    questions = queue.SimpleQueue()
    answers = stream(iter(questions.get, None), timeout=20)
    for digit in (7, 0, 4):
        questions.put(request(model="digits", file=image(digit)))
        equal(next(answers).classifications[0].label, str(digit))
    questions.put(None)
    equal(list(answers), [])


@case("a deadline that passes is DEADLINE_EXCEEDED")
def _():
    chat, request = slow.method(CHAT, "Chat")
    error = failure(lambda: chat(request(message="hello"), timeout=0.2))
    equal(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)


@case("a deadline that is far enough changes nothing")
def _():
    chat, request = slow.method(CHAT, "Chat")
    assert chat(request(message="what is 1+1?", use_tools=True), timeout=60).response


@case("a stream that is cancelled ends, and the channel goes on")
def _():
    stream, request = slow.method(CHAT, "StreamChat")
    call = stream(request(message="hello"))
    assert next(call).delta
    call.cancel()
    error = failure(lambda: list(call))
    equal(error.code(), grpc.StatusCode.CANCELLED)
    chat, request = slow.method(CHAT, "Chat")
    assert chat(request(message="what is 1+1?", use_tools=True)).response


@case("metadata goes in and comes back")
def _():
    chat, request = plain.method(CHAT, "Chat")
    _, call = chat.with_call(request(message="hello"), metadata=(("x-request-id", "from-python-1"),))
    equal(dict(call.initial_metadata()).get("x-request-id"), "from-python-1")
    equal(call.code(), grpc.StatusCode.OK)


@case("an invalid request names the field in BadRequest")
def _():
    chat, request = plain.method(CHAT, "Chat")
    error = failure(lambda: chat(request()))
    equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
    equal(error_info(error).reason, "REQUEST_INVALID")
    bad = error_details_pb2.BadRequest()
    assert any(detail.Unpack(bad) for detail in rpc_status.from_call(error).details)
    equal(bad.field_violations[0].field, "message")


@case("an unknown model is NOT_FOUND with its reason")
def _():
    predict, request = plain.method(PREDICT, "Predict")
    error = failure(lambda: predict(request(model="none", file=image(1))))
    equal(error.code(), grpc.StatusCode.NOT_FOUND)
    equal(error_info(error).reason, "MODEL_UNKNOWN")


@case("an unknown method is UNIMPLEMENTED")
def _():
    call = plain.channel.unary_unary(f"/{CHAT}/Nothing")
    equal(failure(lambda: call(b"")).code(), grpc.StatusCode.UNIMPLEMENTED)


@case("bytes that are no message are INTERNAL, as gRPC has it")
def _():
    call = plain.channel.unary_unary(f"/{CHAT}/Chat")
    equal(failure(lambda: call(b"\xff\xff\xff")).code(), grpc.StatusCode.INTERNAL)


@case("gzip both ways")
def _():
    zipped = Client(facts["plain"], compression=grpc.Compression.Gzip)
    chat, request = zipped.method(CHAT, "Chat")
    answer = chat(request(message="what is 12*7?", use_tools=True, context="ink " * 20_000))
    assert "84" in answer.response, answer.response


@case("a message over the limit is RESOURCE_EXHAUSTED, and the channel goes on")
def _():
    predict, request = plain.method(PREDICT, "Predict")
    large = request(model="digits", file=bytes(facts["requestBytesMax"] + 1))
    error = failure(lambda: predict(large))
    equal(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
    answer = predict(request(model="digits", file=image(7)))
    equal(answer.classifications[0].label, "7")


@case("a zipped message over the limit once unzipped is RESOURCE_EXHAUSTED")
def _():
    predict, request = plain.method(PREDICT, "Predict")
    large = request(model="digits", file=bytes(facts["requestBytesMax"] * 4))
    error = failure(lambda: predict(large, compression=grpc.Compression.Gzip))
    equal(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)


@case("a hundred calls at once on one connection all get their own answer")
def _():
    chat, request = plain.method(CHAT, "Chat")
    calls = [
        chat.future(request(message=f"what is {number}*7?", use_tools=True), timeout=60)
        for number in range(100)
    ]
    for number, call in enumerate(calls):
        equal(call.result().tool_calls[0].result, str(number * 7))


@case("grpc.health.v1 Watch tells the state at once")
def _():
    watch, request = plain.method("grpc.health.v1.Health", "Watch")
    call = watch(request(service=CHAT))
    equal(next(call).status, 1)
    call.cancel()


@case("TLS with the authority's certificate")
def _():
    authority = pathlib.Path(facts["caFile"]).read_bytes()
    secure = Client(facts["tls"], grpc.ssl_channel_credentials(authority))
    chat, request = secure.method(CHAT, "Chat")
    assert "84" in chat(request(message="what is 12*7?", use_tools=True)).response


for name, run in cases:
    problem = None
    try:
        run()
    except Exception:
        problem = traceback.format_exc(limit=-3)
    print(json.dumps({"name": name, "problem": problem}), flush=True)
