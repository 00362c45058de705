"""Calls a gateway with KServe's own client, over REST and gRPC.

Reads where to call as JSON on stdin; prints {"name", "problem"} as JSON, a line a case.
"""

import asyncio
import json
import sys
import traceback

import numpy
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

facts = json.load(sys.stdin)
address = facts["address"]
cases = []


def case(name):
    def keep(run):
        cases.append((name, run))
        return run

    return keep


x = numpy.array([[1, 2], [3, 4]], dtype=numpy.float32)
scores = [1, 2, 1, 3, 4, 1]


def request_of(array, use_binary):
    tensor = InferInput("x", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array, binary_data=use_binary)
    return InferRequest(model_name="gemm", infer_inputs=[tensor])


def rest():
    return InferenceRESTClient(RESTConfig(protocol="v2"))


@case("rest: the server and a model are ready")
async def _():
    client = rest()
    assert await client.is_server_live(f"http://{address}")
    assert await client.is_server_ready(f"http://{address}")
    assert await client.is_model_ready(f"http://{address}", "gemm")


def inference(use_binary):
    async def run():
        client = rest()
        response = await client.infer(
            f"http://{address}", request_of(x, use_binary), model_name="gemm"
        )
        assert list(response.outputs[0].as_numpy().flatten()) == scores, response

    return run


cases.append(("rest: an inference in JSON", inference(False)))
cases.append(("rest: an inference in bytes", inference(True)))


@case("rest: a prediction by the first version of the protocol, TensorFlow Serving's")
async def _():
    client = InferenceRESTClient(RESTConfig(protocol="v1"))
    response = await client.infer(
        f"http://{address}", {"instances": [[1, 2], [3, 4]]}, model_name="gemm"
    )
    assert response["predictions"] == [[1, 2, 1], [3, 4, 1]], response


@case("grpc: the server and a model are ready")
async def _():
    client = InferenceGRPCClient(address)
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready("gemm")


@case("grpc: an inference in fields, and in bytes")
async def _():
    client = InferenceGRPCClient(address)
    for use_binary in (False, True):
        response = await client.infer(request_of(x, use_binary))
        assert list(response.outputs[0].as_numpy().flatten()) == scores, response


for name, run in cases:
    try:
        asyncio.run(run())
        problem = None
    except BaseException:
        problem = traceback.format_exc(limit=-3)
    print(json.dumps({"name": name, "problem": problem}), flush=True)
