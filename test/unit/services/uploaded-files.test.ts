/** Uploads that calls name: found by their owner alone, and held within bounds while a call goes on. */

import { create } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { normalized } from "#chat/normalize.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { UploadedFiles } from "#services/uploaded-files.ts";
import type { UploadStore } from "#uploads/store.ts";

const mebibyte = 1024 * 1024;

/** A store that has files of these sizes and types, all of one owner. */
function storeOf(files: Readonly<Record<string, { size: number; contentType: string }>>) {
  const store: Pick<UploadStore, "find"> = {
    find(owner, id) {
      const file = files[id];
      if (file === undefined || owner !== "anonymous") return undefined;
      return { id, sha256: "", expiresAtMs: 0, ...file, read: async () => Buffer.alloc(file.size) };
    },
  };
  return store as UploadStore;
}

const context = () =>
  ({ values: createContextValues(), signal: new AbortController().signal }) as HandlerContext;

function chatOf(...fileIds: string[]) {
  const parts = fileIds.map((id) => ({
    content: { case: "file", value: { source: { case: "fileId", value: id } } } as const,
  }));
  return normalized(create(ChatRequestSchema, { messages: [{ role: "user", parts }] }));
}

async function failureOf(work: Promise<unknown>) {
  const error = faultFrom(await work.then(() => undefined).catch((thrown: unknown) => thrown));
  return { reason: reasonOf(error), message: error.rawMessage };
}

test("a chat that names no upload is left alone, ids of others' files included", () => {
  const files = new UploadedFiles({ store: storeOf({}), buffers: new ByteBudget(mebibyte) });
  const request = chatOf("file-123", "file-pg_abc");
  const work = Promise.resolve("done");
  expect(files.whole(request, context(), () => work)).toBe(work);
  expect(request).toEqual(chatOf("file-123", "file-pg_abc"));
});

test("bytes are held while the call goes on, and not after it, well or not", async () => {
  const buffers = new ByteBudget(mebibyte);
  const store = storeOf({ upl_a: { size: 1000, contentType: "image/png" } });
  const files = new UploadedFiles({ store, buffers });
  const request = chatOf("upl_a", "upl_a");
  const held = await files.whole(request, context(), async () => buffers.heldBytes);
  expect(held).toBe(2000);
  expect(buffers.heldBytes).toBe(0);
  expect(request.messages[0]?.parts[0]?.content).toMatchObject({
    case: "image",
    value: { mediaType: "image/png", source: { case: "data" } },
  });
  const failing = files.whole(chatOf("upl_a"), context(), () => Promise.reject(new Error("x")));
  await expect(failing).rejects.toThrow("x");
  expect(buffers.heldBytes).toBe(0);
});

test("a reader that leaves a response in pieces gives back what was held", async () => {
  const buffers = new ByteBudget(mebibyte);
  const store = storeOf({ upl_a: { size: 1000, contentType: "image/png" } });
  const files = new UploadedFiles({ store, buffers });
  async function* endless(): AsyncGenerator<number, unknown, undefined> {
    for (;;) yield buffers.heldBytes;
  }
  for await (const held of files.pieces(chatOf("upl_a"), context(), endless)) {
    expect(held).toBe(1000);
    break;
  }
  expect(buffers.heldBytes).toBe(0);
});

test("more than 64 MiB in one call are refused before any is read", async () => {
  const store = storeOf({ upl_a: { size: 33 * mebibyte, contentType: "application/pdf" } });
  const buffers = new ByteBudget(1024 * mebibyte);
  const files = new UploadedFiles({ store, buffers });
  const refused = await failureOf(
    files.whole(chatOf("upl_a", "upl_a"), context(), async () => undefined),
  );
  expect(refused.reason).toBe("REQUEST_INVALID");
  expect(refused.message).toBe(
    "messages[0].parts[1].file_id: uploads of one call may have 67108864 bytes",
  );
  expect(buffers.heldBytes).toBe(0);
});

test("where there is no memory left for them the call is refused", async () => {
  const store = storeOf({ upl_a: { size: 2 * mebibyte, contentType: "application/pdf" } });
  const files = new UploadedFiles({ store, buffers: new ByteBudget(mebibyte) });
  const refused = await failureOf(files.whole(chatOf("upl_a"), context(), async () => 0));
  expect(refused.reason).toBe("BUFFERS_FULL");
});

test("a file of another kind than its part says is refused", async () => {
  const store = storeOf({ upl_a: { size: 10, contentType: "application/pdf" } });
  const files = new UploadedFiles({ store, buffers: new ByteBudget(mebibyte) });
  const request = chatOf("upl_a");
  const [part] = request.messages[0]?.parts ?? [];
  if (part?.content.case !== "file") throw new Error("no file");
  part.content = { case: "image", value: part.content.value };
  const refused = await failureOf(files.whole(request, context(), async () => 0));
  expect(refused).toEqual({
    reason: "REQUEST_INVALID",
    message: "messages[0].parts[0].file_id: the upload is application/pdf, which is no image",
  });
});

test("one that expires while the call waits for memory is NOT_FOUND", async () => {
  const buffers = new ByteBudget(mebibyte);
  const gone = { id: "upl_a", size: 10, sha256: "", contentType: "text/plain", expiresAtMs: 0 };
  const store = { find: () => ({ ...gone, read: async () => undefined }) };
  const files = new UploadedFiles({ store: store as unknown as UploadStore, buffers });
  const refused = await failureOf(files.whole(chatOf("upl_a"), context(), async () => 0));
  expect(refused).toEqual({
    reason: "NOT_FOUND",
    message: "messages[0].parts[0].file_id: there is no such upload",
  });
  expect(buffers.heldBytes).toBe(0);
});
