/** Fields as an object: whatever their names, and on the engine that needs it. */

import { once } from "node:events";
import { connect } from "node:http2";
import { expect, test } from "vitest";
import { listen } from "#exchange/listener.ts";
import { valuesByName } from "#exchange/values-by-name.ts";

test("values of a name stay in their order, and names of the prototype are names like any other", () => {
  const fields = [
    ["constructor", "1"],
    ["a", "2"],
    ["__proto__", "3"],
    ["constructor", "4"],
  ] as const;
  expect(Object.entries(valuesByName(fields))).toEqual([
    ["constructor", ["1", "4"]],
    ["a", ["2"]],
    ["__proto__", ["3"]],
  ]);
});

test.each(["polygate", "node"] as const)(
  "HTTP/2 by %s sends them in head and trailer",
  async (engine) => {
    await using listener = await listen(
      { name: "test", host: "127.0.0.1", port: 0, http1Engine: "polygate", http2Engine: engine },
      {
        exchange: (exchange) => {
          exchange.respond(200, [["constructor", "1"]], "hi", [["constructor", "2"]]);
        },
        malformed: (message) => ({ requestId: "req_1", body: message }),
        connectionFailed: () => {},
      },
    );
    const client = connect(listener.url);
    const stream = client.request({ ":path": "/" });
    const trailers = once(stream, "trailers");
    const [head] = await once(stream, "response");
    stream.resume();
    expect(head.constructor).toBe("1");
    expect((await trailers)[0].constructor).toBe("2");
    client.close();
  },
);
