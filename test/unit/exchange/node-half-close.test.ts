/** What is written to a client of node:http that has ended its side, to learn whether it still waits. */

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { probeHalfClosed } from "#exchange/node-half-close.ts";
import type { ServerResponse } from "#exchange/node-http.ts";

class FakeSocket extends EventEmitter {
  destroyed = false;
  readonly written: string[] = [];

  write(text: string): void {
    this.written.push(text);
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.advanceTimersByTime(400_000);
});
afterEach(() => {
  vi.useRealTimers();
});

/** A response that waits, as far as it is looked at; what was written to its client. */
function probed(more: { method?: string; httpVersion?: string; headersSent?: boolean } = {}) {
  const { method = "GET", httpVersion = "1.1", headersSent = true } = more;
  const socket = new FakeSocket();
  const response = {
    ...{ headersSent, chunkedEncoding: true, writableEnded: false },
    req: { method, httpVersion },
    writeContinue: () => socket.write("100"),
  };
  probeHalfClosed(socket as unknown as Socket, () => response as unknown as ServerResponse);
  return { socket, response };
}

test("before its head a client is sent 100 Continue, in quick pauses that grow", () => {
  const { socket } = probed({ headersSent: false });
  vi.advanceTimersByTime(14);
  expect(socket.written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(socket.written).toEqual(["100"]);
  vi.advanceTimersByTime(5);
  expect(socket.written).toEqual(["100", "100"]);
  vi.advanceTimersByTime(15);
  expect(socket.written).toHaveLength(3);
});

test("of HTTP/1.0, which has no such response, it is sent nothing", () => {
  const { socket } = probed({ headersSent: false, httpVersion: "1.0" });
  vi.advanceTimersByTime(60_000);
  expect(socket.written).toEqual([]);
});

test("within a chunked body it is sent four zeros at most, which a chunk's size may begin with", () => {
  const { socket } = probed();
  vi.advanceTimersByTime(120_000);
  expect(socket.written).toEqual(["0", "0", "0", "0"]);
});

test("behind a head without chunks it is sent nothing, nor once its response has ended", () => {
  const head = probed({ method: "HEAD" });
  const whole = probed();
  whole.response.chunkedEncoding = false;
  const over = probed();
  over.response.writableEnded = true;
  const early = probed({ headersSent: false });
  early.response.writableEnded = true;
  vi.advanceTimersByTime(60_000);
  expect([head, whole, over, early].map(({ socket }) => socket.written)).toEqual([[], [], [], []]);
});

test("one that waits for five minutes is given up, and nothing goes on behind a connection's end", () => {
  const { socket } = probed();
  vi.advanceTimersByTime(299_000);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(1_500);
  expect(socket.destroyed).toBe(true);
  const left = probed();
  left.socket.destroy();
  expect(vi.getTimerCount()).toBe(0);
});
