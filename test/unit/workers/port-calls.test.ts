/** What threads are told of each other's failures. */

import { MessageChannel } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { fault, infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { causeText } from "#observability/cause-text.ts";
import { PortCalls } from "#workers/port-calls.ts";

type Asked = { readonly fail: readonly [undefined, undefined] };

/** What whoever asks is told when the other side throws. */
async function toldOf(thrown: unknown): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const asking = new PortCalls<Asked, Record<never, never>>(port1, {});
  const fail = () => Promise.reject(thrown);
  const asked = new PortCalls<Record<never, never>, Asked>(port2, { fail });
  port1.on("message", (message) => void asking.receive(message));
  port2.on("message", (message) => void asked.receive(message));
  return await asking.ask("fail", undefined).catch((told: unknown) => told);
}

test("a fault arrives with its reason, its metadata, the wait, and for the log its cause", async () => {
  const cause = Object.assign(new Error("EIO: the disk is broken"), { code: "EIO" });
  const thrown = fault("UPLOADS_FULL", "no room", {
    metadata: { setting: "uploads.max_size" },
    retryAfterMs: 1_500,
    cause,
  });
  const told = faultFrom(await toldOf(thrown));
  expect([told.rawMessage, reasonOf(told)]).toEqual(["no room", "UPLOADS_FULL"]);
  expect(infoMetadataOf(told)).toMatchObject({ setting: "uploads.max_size" });
  expect(retryAfterMsFrom(told)).toBe(1_500);
  expect(causeText(told)).toContain("EIO: the disk is broken");
});

test("an error of the system keeps its name, its words and its code", async () => {
  const told = await toldOf(Object.assign(new TypeError("no"), { code: "ENOENT", path: "/x" }));
  expect(told).toMatchObject({ name: "TypeError", message: "no", code: "ENOENT", path: "/x" });
});
