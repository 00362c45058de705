/** KeysService where its database gives no answer. */

import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { createKeysService, type KeysDeps } from "#services/keys.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const context = {
  signal: new AbortController().signal,
  values: createContextValues(),
} as HandlerContext;

function service(room: unknown) {
  return createKeysService({
    room: room as KeysDeps["room"],
    settled: new Set(),
    groups: {},
    clock: createManualClock(),
    onAction: () => {},
  });
}

async function refusal(room: unknown) {
  const asked = async () => await service(room).getKey({ key: "ci" } as never, context);
  const error = faultFrom(await asked().catch((thrown: unknown) => thrown));
  return { reason: reasonOf(error), message: error.rawMessage, cause: error.cause };
}

test("a database that fails is told as such, and what it said goes to the log alone, without credentials", async () => {
  const find = async () => {
    throw new Error("connect postgres://me:secret@db/keys", { cause: new Error("ECONNREFUSED") });
  };
  const { reason, message, cause } = await refusal({ store: { find } });
  expect([reason, message]).toEqual([
    "KEYS_UNAVAILABLE",
    "the database of keys cannot be asked now",
  ]);
  expect(String(cause)).toMatch(/ECONNREFUSED/);
  expect(String(cause)).not.toContain("secret");
});

test("without a database it says which setting has one", async () => {
  expect(await refusal(undefined)).toMatchObject({
    reason: "FAILED_PRECONDITION",
    message: "no keys are kept: set auth.key_store.path or .url",
  });
});

test("a key that is not there is none", async () => {
  expect(await refusal({ store: { find: async () => undefined } })).toMatchObject({
    reason: "NOT_FOUND",
    message: "key: there is no such key",
  });
});
