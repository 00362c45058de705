import { ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { parseBody } from "#surfaces/json-body.ts";

function reasonFor(text: string): string | undefined {
  try {
    parseBody(Buffer.from(text));
  } catch (thrown) {
    if (thrown instanceof ConnectError) return reasonOf(thrown);
    throw thrown;
  }
  return undefined;
}

describe("a body of any JSON", () => {
  it("is its value, brackets and quotes in texts counting for nothing", () => {
    const value = { a: ["[[[[", '"\\"{', "\\"], b: { c: 1 } };
    expect(parseBody(Buffer.from(JSON.stringify(value)))).toEqual(value);
    expect(reasonFor(JSON.stringify("[".repeat(1_000)))).toBeUndefined();
  });

  it("is refused when it is nested too deep, exactly past the bound", () => {
    expect(reasonFor("[".repeat(100) + "]".repeat(100))).toBeUndefined();
    expect(reasonFor("[".repeat(101) + "]".repeat(101))).toBe("REQUEST_INVALID");
    expect(reasonFor("[".repeat(10_000_000))).toBe("REQUEST_INVALID");
  });

  it("is refused when it has too many elements", () => {
    expect(reasonFor(`[${"{},".repeat(200_000)}{}]`)).toBe("REQUEST_INVALID");
    expect(reasonFor(`{${'"a":1,'.repeat(200_000)}"a":1}`)).toBe("REQUEST_INVALID");
  });

  it.each(["", "{", '{"a":}', '"', "\\", "nul", "[1,]"])("that is none is refused: %j", (text) => {
    expect(reasonFor(text)).toBe("BODY_MALFORMED");
  });
});
