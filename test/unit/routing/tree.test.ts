import { describe, expect, it } from "vitest";
import { seededRng } from "#core/rng.ts";
import { fault } from "#errors/fault.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { Choice, RouteNode, Walk } from "#routing/route.ts";
import { type FallbackClass, FallbackNode, SplitNode } from "#routing/tree.ts";

const ask = { promptTokens: 1, outputTokens: 1 };

/** The same node, which can do nothing beside chat. */
function chatOnly(inner: RouteNode<string>): RouteNode<string> {
  return { ...inner, serves: ({ needs }) => needs === undefined };
}

/** A node with endpoints of these names, whose walk goes on after failures that others may not have. */
function node(name: string, ...endpoints: string[]): RouteNode<string> {
  return {
    name,
    serves: () => true,
    survey: () => ({ strategy: "test", steps: [], excluded: [] }),
    walk() {
      const left = [...endpoints];
      let last: Reason | undefined;
      const isHopeless = () => last !== undefined && !reasons[last].retryable;
      return {
        failed(_, reason) {
          last = reason;
        },
        next() {
          const id = isHopeless() ? undefined : left.shift();
          return id === undefined ? undefined : ({ pool: name, model: id } as Choice<string>);
        },
        again: () =>
          isHopeless() ? undefined : ({ pool: name, model: `${name} again` } as Choice<string>),
        waitMs: () => (isHopeless() ? undefined : 7),
        queues: () => [],
        accepts: () => true,
        goesOn: () => false,
        empty: () => fault("POOL_EMPTY", name),
      };
    },
  };
}

/** What a walk chooses when each of its choices fails with the next reason. */
function asked(walk: Walk<string>, ...failures: Reason[]): (string | undefined)[] {
  let choice = walk.next();
  const chosen = [choice?.model];
  for (const reason of failures) {
    if (choice !== undefined) walk.failed(choice, reason);
    choice = walk.next();
    chosen.push(choice?.model);
  }
  return chosen;
}

describe("a fallback", () => {
  const first = { node: node("first", "a", "b") };
  const second = { node: node("second", "c") };
  const steps = [first, second];

  it("goes on when the step before has nobody left", () => {
    const walk = new FallbackNode("f", steps).walk(ask);
    expect(asked(walk, "BACKEND_FAILED", "BACKEND_FAILED", "BACKEND_FAILED")).toEqual([
      "a",
      "b",
      "c",
      undefined,
    ]);
  });

  it("goes on at once after a failure that its step cannot mend, such as a full context window", () => {
    const walk = new FallbackNode("f", steps).walk(ask);
    expect(asked(walk, "CONTEXT_WINDOW_EXCEEDED")).toEqual(["a", "c"]);
  });

  it("does not go on after a failure that would be the same everywhere", () => {
    const walk = new FallbackNode("f", steps).walk(ask);
    expect(asked(walk, "REQUEST_INVALID")).toEqual(["a", undefined]);
  });

  it("does not go on after a refusal of what was asked, unless that is named", () => {
    const walk = new FallbackNode("f", steps).walk(ask);
    expect(asked(walk, "CONTENT_POLICY_REFUSED")).toEqual(["a", undefined]);
    const named = new FallbackNode("f", steps, { on: ["content_policy"] }).walk(ask);
    expect(asked(named, "CONTENT_POLICY_REFUSED")).toEqual(["a", "c"]);
  });

  it("goes on after its own classes of failures only", () => {
    const overload = new FallbackNode("f", [{ node: node("first", "a") }, second], {
      on: ["overload"],
    });
    expect(asked(overload.walk(ask), "BACKEND_OVERLOADED")).toEqual(["a", "c"]);
    expect(asked(overload.walk(ask), "BACKEND_FAILED")).toEqual(["a", undefined]);
  });

  it("leaves out steps that cannot do what the call needs, and serves what one of them can", () => {
    const needing = { ...ask, needs: "embed" };
    const able = { node: node("second", "c") };
    const unable = { node: chatOnly(node("first", "a")) };
    const some = new FallbackNode("f", [unable, able]);
    expect(some.serves(needing)).toBe(true);
    expect(asked(some.walk(needing), "BACKEND_FAILED")).toEqual(["c", undefined]);
    expect(asked(some.walk(ask), "BACKEND_FAILED")).toEqual(["a", "c"]);
    const none = new FallbackNode("f", [unable]);
    expect([none.serves(needing), none.serves(ask)]).toEqual([false, true]);
    const refused = new FallbackNode("f", [unable, { ...able, on: ["context_window"] }]);
    expect([refused.serves(needing), refused.serves(ask)]).toEqual([false, true]);
  });

  it("keeps each step's failures where others cannot do what the call needs", () => {
    const needing = { ...ask, needs: "embed" };
    const some = new FallbackNode("f", [
      { node: node("usual", "a") },
      { node: chatOnly(node("larger", "b")) },
      { node: node("busy", "c"), on: ["overload"] },
      { node: node("last", "d") },
    ]);
    expect(asked(some.walk(needing), "BACKEND_FAILED")).toEqual(["a", "d"]);
    expect(asked(some.walk(needing), "BACKEND_OVERLOADED", "BACKEND_FAILED")).toEqual([
      "a",
      "c",
      "d",
    ]);
  });

  it("goes on from a target whose server cannot do what its dialect can", () => {
    const walk = new FallbackNode("f", [first, second]).walk(ask);
    expect(asked(walk, "OPERATION_UNSUPPORTED", "OPERATION_UNSUPPORTED")).toEqual(["a", "b", "c"]);
    const busy = new FallbackNode("f", [{ node: node("first", "a") }, second], {
      on: ["overload"],
    });
    expect(asked(busy.walk(ask), "OPERATION_UNSUPPORTED")).toEqual(["a", undefined]);
  });

  const classed: readonly [FallbackClass, Reason][] = [
    ["overload", "BACKEND_RATE_LIMITED"],
    ["quota", "BACKEND_QUOTA"],
    ["time_out", "BACKEND_TOTAL_TIMEOUT"],
    ["connect", "BACKEND_LOST"],
    ["failure", "BACKEND_MALFORMED"],
    ["failure", "BACKEND_CONNECT_TIMEOUT"],
    ["credential", "BACKEND_CREDENTIAL"],
    ["context_window", "CONTEXT_WINDOW_EXCEEDED"],
    ["content_policy", "CONTENT_POLICY_REFUSED"],
  ];
  it.each(classed)("takes %s as the class of %s", (on, reason) => {
    const steps = [{ node: node("first", "a") }, second];
    expect(asked(new FallbackNode("f", steps, { on: [on] }).walk(ask), reason)).toEqual(["a", "c"]);
  });

  describe("with steps for certain failures", () => {
    const typed = new FallbackNode("f", [
      { node: node("usual", "a") },
      { node: node("larger", "b"), on: ["context_window"] },
      { node: node("permissive", "c"), on: ["content_policy"] },
      { node: node("last", "d") },
    ]);

    it.each([
      ["CONTEXT_WINDOW_EXCEEDED", "b"],
      ["CONTENT_POLICY_REFUSED", "c"],
      ["BACKEND_FAILED", "d"],
    ] as const)("%s leads to %s", (reason, expected) => {
      expect(asked(typed.walk(ask), reason)).toEqual(["a", expected]);
    });

    it("tells which of its choices a refusal would lead on from", () => {
      const walk = typed.walk(ask);
      const first = walk.next() as Choice<string>;
      expect(walk.goesOn(first, "CONTENT_POLICY_REFUSED")).toBe(true);
      walk.failed(first, "CONTENT_POLICY_REFUSED");
      const permissive = walk.next() as Choice<string>;
      expect(walk.goesOn(permissive, "CONTENT_POLICY_REFUSED")).toBe(false);
      expect(walk.goesOn(permissive, "BACKEND_FAILED")).toBe(true);
      const within = new FallbackNode("outer", [{ node: typed }]).walk(ask);
      const choice = within.next() as Choice<string>;
      expect(within.goesOn(choice, "CONTENT_POLICY_REFUSED")).toBe(true);
      const unnamed = new FallbackNode("f", steps).walk(ask);
      const any = unnamed.next() as Choice<string>;
      expect(unnamed.goesOn(any, "CONTENT_POLICY_REFUSED")).toBe(false);
    });

    it("goes on from such a step as from any other", () => {
      expect(asked(typed.walk(ask), "CONTEXT_WINDOW_EXCEEDED", "BACKEND_LOST")).toEqual([
        "a",
        "b",
        "d",
      ]);
    });

    it("leaves out the steps for what a request is refused for where nobody was asked yet", () => {
      const [, larger, permissive, last] = ["usual", "larger", "permissive", "last"].map((name) =>
        node(name, name),
      ) as [RouteNode<string>, RouteNode<string>, RouteNode<string>, RouteNode<string>];
      const walk = new FallbackNode("f", [
        { node: node("usual") },
        { node: larger, on: ["context_window"] },
        { node: permissive, on: ["content_policy"] },
        { node: last },
      ]).walk(ask);
      expect(asked(walk)).toEqual(["last"]);
    });
  });

  it("passes over a step without endpoints", () => {
    const walk = new FallbackNode("f", [{ node: node("first") }, second]).walk(ask);
    expect(asked(walk)).toEqual(["c"]);
  });

  it("comes back to the first step that was asked and may have recovered, never to one it may not ask", () => {
    const walk = new FallbackNode("f", [first, second], { on: ["overload"] }).walk(ask);
    expect(asked(walk, "BACKEND_FAILED", "BACKEND_FAILED")).toEqual(["a", "b", undefined]);
    expect(walk.again()?.model).toBe("first again");
    const other = new FallbackNode("f", [first, second]).walk(ask);
    expect(asked(other, "CONTEXT_WINDOW_EXCEEDED", "BACKEND_LOST")).toEqual(["a", "c", undefined]);
    expect(other.again()?.model).toBe("second again");
    expect(other.waitMs()).toBe(7);
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
