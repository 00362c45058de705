/** Work that outlasts its call: the client is told at once, observers and the server when it is over. */

import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createCallPath } from "#rpc/call.ts";
import { callScopeKey } from "#rpc/call-scope.ts";
import { SimpleRequestSchema, TestService } from "../../gen/grpc/testing/test_pb.js";
import { asIs, callInit } from "../../support/call.ts";

const request = create(SimpleRequestSchema);
const { unaryCall } = TestService.method;

/** A unary call whose handler goes on after its client has left, until the test ends it. */
function setting() {
  const told: unknown[] = [];
  const stops: unknown[] = [];
  const client = new AbortController();
  const begun = Promise.withResolvers<() => void>();
  const wasCut: boolean[] = [];
  const implementation: Partial<ServiceImpl<typeof TestService>> = {
    unaryCall(_request, { values, signal }) {
      const scope = values.get(callScopeKey);
      if (scope === undefined) throw new TypeError("a call has a scope");
      begun.resolve(scope.outlast((reason) => stops.push(reason)));
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          wasCut.push(scope.wasCut);
          reject(signal.reason);
        });
      });
    },
  };
  const calls = createCallPath(
    (router) => {
      router.service(TestService, implementation);
    },
    [],
    { observer: () => () => (failure) => void told.push(failure) },
  );
  const call = (timeoutMs?: number) =>
    calls
      .unary(unaryCall, request, callInit({ signal: client.signal, timeoutMs }), asIs)
      .catch((thrown: unknown) => thrown);
  return { calls, call, client, begun: begun.promise, told, stops, wasCut };
}

test("its client gets the end at once, observers get it when the work is over, once", async () => {
  const { calls, call, client, begun, told, wasCut } = setting();
  const ended = call();
  const over = await begun;
  client.abort("left");
  expect(await ended).toBe("left");
  expect([told, wasCut]).toEqual([[], [false]]);
  let isIdle = false;
  const idle = calls.idle().then(() => {
    isIdle = true;
  });
  await Promise.resolve();
  expect(isIdle).toBe(false);
  over();
  over();
  await idle;
  expect(told).toEqual(["left"]);
});

test("work that is over before the call holds nothing back", async () => {
  const { call, client, begun, told } = setting();
  const ended = call();
  (await begun)();
  client.abort("left");
  await ended;
  expect(told).toEqual(["left"]);
});

test("a passed deadline is no client that left", async () => {
  const { call, begun, wasCut } = setting();
  const ended = call(5);
  const over = await begun;
  await ended;
  over();
  expect(wasCut).toEqual([true]);
});

test("a server that stops says so to work whose client has left", async () => {
  const { calls, call, client, begun, stops, told } = setting();
  const ended = call();
  const over = await begun;
  client.abort("left");
  await ended;
  calls.cutOff("stopping");
  expect(stops).toEqual(["stopping"]);
  over();
  expect(told).toEqual(["left"]);
  await calls.idle();
});
