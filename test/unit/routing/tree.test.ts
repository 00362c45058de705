import { describe, expect, it } from "vitest";
import { seededRng } from "#core/rng.ts";
import { fault } from "#errors/fault.ts";
import type { Reason } from "#errors/reason.ts";
import type { Choice, RouteNode, Walk } from "#routing/route.ts";
import { FallbackNode, SplitNode } from "#routing/tree.ts";

const ask = { promptTokens: 1, outputTokens: 1 };

/** The same node, which can do nothing beside chat. */
function chatOnly(inner: RouteNode<string>): RouteNode<string> {
  return { ...inner, serves: ({ needs }) => needs === undefined };
}

/** A node with endpoints of these names, whose walk goes on after failures of the provider. */
function node(name: string, ...endpoints: string[]): RouteNode<string> {
  return {
    name,
    serves: () => true,
    walk() {
      const left = [...endpoints];
      return {
        next(failed?: Reason) {
          if (failed === "CONTEXT_WINDOW_EXCEEDED" || failed === "REQUEST_INVALID")
            return undefined;
          const id = left.shift();
          return id === undefined ? undefined : ({ pool: name, model: id } as Choice<string>);
        },
        empty: () => fault("POOL_EMPTY", name),
      };
    },
  };
}

function asked(walk: Walk<string>, ...failures: Reason[]): (string | undefined)[] {
  return [walk.next()?.model, ...failures.map((failed) => walk.next(failed)?.model)];
}

describe("a fallback", () => {
  const children = [node("first", "a", "b"), node("second", "c")];

  it("goes on when the child before has nobody left", () => {
    const walk = new FallbackNode("f", children).walk(ask);
    expect(asked(walk, "BACKEND_FAILED", "BACKEND_FAILED", "BACKEND_FAILED")).toEqual([
      "a",
      "b",
      "c",
      undefined,
    ]);
  });

  it("goes on at once after a failure that its child cannot mend, such as a full context window", () => {
    const walk = new FallbackNode("f", children).walk(ask);
    expect(asked(walk, "CONTEXT_WINDOW_EXCEEDED")).toEqual(["a", "c"]);
  });

  it("does not go on after a failure that would be the same everywhere", () => {
    const walk = new FallbackNode("f", children).walk(ask);
    expect(asked(walk, "REQUEST_INVALID")).toEqual(["a", undefined]);
  });

  it("goes on after its own classes of failures only", () => {
    const overload = new FallbackNode("f", [node("first", "a"), node("second", "c")], ["overload"]);
    expect(asked(overload.walk(ask), "BACKEND_OVERLOADED")).toEqual(["a", "c"]);
    expect(asked(overload.walk(ask), "BACKEND_FAILED")).toEqual(["a", undefined]);
  });

  it("leaves out children that cannot do what the call needs, and serves what one of them can", () => {
    const needing = { ...ask, needs: "embed" };
    const some = new FallbackNode("f", [chatOnly(node("first", "a")), node("second", "c")]);
    expect(some.serves(needing)).toBe(true);
    expect(asked(some.walk(needing), "BACKEND_FAILED")).toEqual(["c", undefined]);
    expect(asked(some.walk(ask), "BACKEND_FAILED")).toEqual(["a", "c"]);
    const none = new FallbackNode("f", [chatOnly(node("first", "a"))]);
    expect([none.serves(needing), none.serves(ask)]).toEqual([false, true]);
  });

  it("goes on from a target whose server cannot do what its dialect can", () => {
    const walk = new FallbackNode("f", children).walk(ask);
    expect(asked(walk, "OPERATION_UNSUPPORTED", "OPERATION_UNSUPPORTED")).toEqual(["a", "b", "c"]);
  });

  it("passes over a child without endpoints", () => {
    const walk = new FallbackNode("f", [node("first"), node("second", "c")]).walk(ask);
    expect(asked(walk)).toEqual(["c"]);
  });
});

describe("a split", () => {
  it("is among the children that can do what the call needs", () => {
    const needing = { ...ask, needs: "embed" };
    const shares = [
      { weight: 1_000, node: chatOnly(node("fast", "a")) },
      { weight: 1, node: node("careful", "c") },
      { weight: 1, node: node("other", "d") },
    ];
    const split = new SplitNode("s", shares, seededRng(5));
    expect(split.serves(needing)).toBe(true);
    const walked = Array.from({ length: 200 }, () => asked(split.walk(needing))[0]);
    expect(new Set(walked)).toEqual(new Set(["c", "d"]));
    expect(new SplitNode("s", shares.slice(0, 1), seededRng(5)).serves(needing)).toBe(false);
  });

  it("gives each child its share, and a call stays where it was given", () => {
    const split = new SplitNode(
      "s",
      [
        { weight: 95, node: node("fast", "a", "b") },
        { weight: 5, node: node("careful", "c") },
      ],
      seededRng(3),
    );
    let careful = 0;
    for (let call = 0; call < 20_000; call += 1) {
      const [first, second] = asked(split.walk(ask), "BACKEND_FAILED");
      if (first === "c") careful += 1;
      expect([first, second]).toEqual(first === "c" ? ["c", undefined] : ["a", "b"]);
    }
    expect(Math.abs(careful / 20_000 - 0.05)).toBeLessThan(0.006);
  });
});
