/** Bodies over Node's own servers: counted like others, and not waited for without end. */

import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { BodyProgress } from "#core/body-progress.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { reasonOf } from "#errors/fault.ts";
import { NodeBody } from "#exchange/node-body.ts";
import type { NodeRequest } from "#exchange/node-request.ts";
import { rejection } from "../../support/call.ts";

function setUp(bufferBytesMax = 1000, awaitedMs?: number) {
  const buffers = new ByteBudget(bufferBytesMax);
  const source = new Readable({ read() {} });
  const request = Object.assign(source, { complete: false, headers: {} });
  const body = new NodeBody(
    request as unknown as NodeRequest,
    { buffers, owner: "192.0.2.1" },
    awaitedMs,
  );
  const end = () => {
    request.complete = true;
    source.push(null);
  };
  return { buffers, body, push: (bytes: number) => source.push(Buffer.alloc(bytes)), end };
}

describe("a body that is read whole", () => {
  test("is held from its first piece until its response is over", async () => {
    const { buffers, body, push, end } = setUp();
    const whole = body.whole(100);
    push(10);
    await expect.poll(() => buffers.heldBytes).toBe(10);
    push(20);
    end();
    expect((await whole).length).toBe(30);
    expect(buffers.heldBytes).toBe(30);
    body.close();
    expect([buffers.heldBytes, buffers.holders.size]).toEqual([0, 0]);
  });

  test("is given up when there is no memory for the rest of it", async () => {
    const { buffers, body, push } = setUp(100);
    const failed = rejection(body.whole(1000));
    push(60);
    push(60);
    expect(reasonOf(await failed)).toBe("BUFFERS_FULL");
    expect(buffers.heldBytes).toBe(0);
  });

  test("may take its time, but not for ever", async () => {
    const { body, push } = setUp(1000, 20);
    const failed = rejection(body.whole(1000));
    push(1);
    expect(reasonOf(await failed)).toBe("BODY_TIMEOUT");
  });
});

describe("a body in pieces", () => {
  /** Its reader has so many messages, and nothing or something of the next. */
  function progressOf(messages: number, isBetween: boolean): BodyProgress & { messages: number } {
    return { messages, isBetween };
  }

  test("is held until messages were made of it", async () => {
    const { buffers, body, push } = setUp();
    const progress = progressOf(0, false);
    const pieces = body.pieces(Number.POSITIVE_INFINITY, progress);
    push(10);
    await pieces.next();
    push(20);
    await pieces.next();
    expect(buffers.heldBytes).toBe(30);
    progress.messages = 1;
    push(5);
    await pieces.next();
    expect(buffers.heldBytes).toBe(5);
    body.close();
    expect(buffers.heldBytes).toBe(0);
  });

  test("is refused the rest of a message when there is no memory for it", async () => {
    const { buffers, body, push } = setUp(100);
    const pieces = body.pieces(Number.POSITIVE_INFINITY, progressOf(0, false));
    push(60);
    await pieces.next();
    push(60);
    await pieces.next();
    expect(reasonOf(await rejection(pieces.next()))).toBe("BUFFERS_FULL");
    expect(buffers.heldBytes).toBe(0);
  });

  test("may not rest within a message", async () => {
    const { body, push } = setUp(1000, 20);
    const pieces = body.pieces(Number.POSITIVE_INFINITY, progressOf(0, false));
    push(7);
    await pieces.next();
    expect(reasonOf(await rejection(pieces.next()))).toBe("BODY_TIMEOUT");
  });

  test("may come as late as it likes, once a message is whole", async () => {
    const { body, push } = setUp(1000, 20);
    const pieces = body.pieces(Number.POSITIVE_INFINITY, progressOf(0, true));
    push(7);
    await pieces.next();
    setTimeout(() => push(8), 60);
    expect((await pieces.next()).value?.length).toBe(8);
  });
});
