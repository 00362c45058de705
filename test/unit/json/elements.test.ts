/** Lists of elements as tensors: flat, nested, exact, in rows and in columns, and how much of them is read. */

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { elementsIn } from "#core/byte-elements.ts";
import { Elements } from "#json/elements.ts";
import { columnsPlan, elementsPlan, type NamedElements, rowsPlan } from "#json/elements-frame.ts";
import { jsonLimits } from "#json/limits.ts";
import { JsonProblem, TooManyJsonElements } from "#json/problem.ts";
import { readPlain } from "#json/reader.ts";
import type { ValuePlan } from "#json/run.ts";

async function read(plan: ValuePlan, text: string, limits = jsonLimits): Promise<unknown> {
  try {
    return await readPlain(plan, text, limits);
  } catch (thrown) {
    return thrown;
  }
}

function plain(elements: Elements) {
  const { kind, shape, numbers, long } = elements;
  const values =
    kind === "text"
      ? elementsIn(elements.takeTexts())?.map((text) => Buffer.from(text).toString())
      : Array.from(numbers, (number, at) => long.get(at) ?? number);
  return { kind, shape: [...shape], values };
}

async function elements(text: string) {
  const got = await read(elementsPlan, text);
  return got instanceof Error ? got : plain(got as Elements);
}

async function named(plan: ValuePlan, text: string) {
  const got = await read(plan, text);
  if (got instanceof Error) return got;
  const { columns, rows } = got as NamedElements;
  const all = [...columns].map(([name, one]) => [name, plain(one)]);
  return { rows, ...Object.fromEntries(all) };
}

describe("a list", () => {
  test.each([
    ["[]", undefined, [0], []],
    ["[1,-2.5,1e3]", "number", [3], [1, -2.5, 1000]],
    ["[[1,2],[3,4]]", "number", [2, 2], [1, 2, 3, 4]],
    ["[[[1],[2]],[[3],[4]]]", "number", [2, 2, 1], [1, 2, 3, 4]],
    ["[[],[]]", undefined, [2, 0], []],
    ["[true,false]", "boolean", [2], [1, 0]],
    ['["a",""]', "text", [2], ["a", ""]],
    ["[9007199254740993]", "number", [1], [9007199254740993n]],
    ["[18446744073709551615,1]", "number", [2], [18446744073709551615n, 1]],
    ["[1e30]", "number", [1], [1e30]],
  ] as const)("%s is of its shape", async (text, kind, shape, values) => {
    expect(await elements(text)).toEqual({ kind, shape, values });
  });

  test("of thousands of numbers is read to the last one, whatever comes between", async () => {
    const numbers = Array.from({ length: 20_000 }, (_, at) => at / 8);
    const text = JSON.stringify(numbers).replace("[0,", "[0, \n");
    expect(await elements(text)).toEqual({ kind: "number", shape: [20_000], values: numbers });
    const rows = Array.from({ length: 200 }, (_, row) => numbers.slice(row * 100, row * 100 + 100));
    expect(await elements(JSON.stringify(rows))).toMatchObject({
      shape: [200, 100],
      values: numbers,
    });
  });

  test("of long integers among thousands keeps every one exact", async () => {
    const text = `[${Array.from({ length: 500 }, (_, at) => (at % 7 === 0 ? `900719925474099${at % 10}` : at)).join(",")}]`;
    const got = (await elements(text)) as { values: (number | bigint)[] };
    expect(`[${got.values.join(",")}]`).toBe(text);
  });

  test.each([
    ["[1,[2]]", "some elements are nested deeper"],
    ["[[1],2]", "some elements are nested deeper"],
    ["[[1,2],[3]]", "this list has 1 items"],
    ["[[[]],[1]]", "some elements are nested deeper"],
    ['[1,"a"]', "expected a number, as the elements before"],
    ["[true,1]", "expected a boolean, as the elements before"],
    ["[null]", "expected a number, a truth value or a text"],
    ["[{}]", "expected a number, a truth value or a text"],
    ["[NaN]", "JSON has no NaN"],
    ["[-Infinity]", "JSON has no NaN and no infinity"],
    ["[1e999]", "expected a number"],
    ["[1", "a comma or ]"],
    ["1", "expected a list of numbers"],
  ])("%s is refused", async (text, problem) => {
    const got = await elements(text);
    expect(got).toBeInstanceOf(JsonProblem);
    expect((got as JsonProblem).message).toContain(problem);
  });

  test("is refused with the place of what is wrong", async () => {
    expect(await elements('[[1,2],[3,"x"]]')).toMatchObject({ path: "[1][1]" });
  });
});

describe("rows", () => {
  test.each([
    ["[[1,2],[3,4]]", { rows: 2, "": { kind: "number", shape: [2, 2], values: [1, 2, 3, 4] } }],
    ["[1,2]", { rows: 2, "": { kind: "number", shape: [2], values: [1, 2] } }],
    [
      '[{"a":[1],"b":true},{"b":false,"a":[2]}]',
      {
        rows: 2,
        a: { kind: "number", shape: [2, 1], values: [1, 2] },
        b: { kind: "boolean", shape: [2], values: [1, 0] },
      },
    ],
    [
      '[{"b64":"AQI="},"x"]',
      { rows: 2, "": { kind: "text", shape: [2], values: ["\u0001\u0002", "x"] } },
    ],
    [
      '[{"a":{"b64":"AQI="}}]',
      { rows: 1, a: { kind: "text", shape: [1], values: ["\u0001\u0002"] } },
    ],
    ["[]", { rows: 0 }],
  ])("%s", async (text, rows) => {
    expect(await named(rowsPlan, text)).toEqual(rows);
  });

  test.each([
    ['[{"a":1},{"b":1}]', 'the rows before have no input "b"'],
    ['[{"a":1,"b":2},{"b":1}]', 'input "a" is missing'],
    ['[{"a":1,"a":2}]', "given more than once"],
    ['[{"a":[1]},{"a":[1,2]}]', "this list has 2 items"],
    ['[{"b64":"?"}]', "expected base64"],
    ['[{"b64":null}]', 'an object with "b64" alone'],
  ])("%s is refused", async (text, problem) => {
    const got = await read(rowsPlan, text);
    expect((got as Error).message).toContain(problem);
  });

  test.each([
    ["[[1],[null]]", "[1][0]"],
    ["[1,null]", "[1]"],
    ['[{"a":1},{"a":null}]', "[1].a"],
    ['[{"a":1,"b":2},{"b":1}]', "[1]"],
  ])("%s is refused with the place of the row", async (text, path) => {
    expect(await read(rowsPlan, text)).toMatchObject({ kind: "unfit", path });
  });

  test("that are no list are refused at their own place", async () => {
    expect(await read(rowsPlan, "7")).toMatchObject({ kind: "unfit", path: "" });
  });
});

describe("columns", () => {
  test.each([
    ["[[1,2]]", { "": { kind: "number", shape: [1, 2], values: [1, 2] } }],
    ["7", { "": { kind: "number", shape: [], values: [7] } }],
    ['{"b64":"AQI="}', { "": { kind: "text", shape: [], values: ["\u0001\u0002"] } }],
    [
      '{"a":1,"b":["x",{"b64":"AQI="}]}',
      {
        a: { kind: "number", shape: [], values: [1] },
        b: { kind: "text", shape: [2], values: ["x", "\u0001\u0002"] },
      },
    ],
  ])("%s", async (text, columns) => {
    expect(await named(columnsPlan, text)).toEqual({ rows: undefined, ...columns });
  });

  test("more names than inputs may be are refused", async () => {
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`x${at}`, 1]));
    expect(await read(columnsPlan, JSON.stringify(many))).toMatchObject({
      kind: "limit",
      description: "there are more than 64 inputs",
    });
  });
});

describe("what is read of a tensor is bounded:", () => {
  const limits = { elementsMax: 100, depthMax: 100 };

  test("sixteen numbers are an element, and so are sixteen lists", async () => {
    const fit = JSON.stringify(Array(1600).fill(7));
    expect(await read(elementsPlan, fit, limits)).not.toBeInstanceOf(Error);
    const more = JSON.stringify(Array(1601).fill(7));
    expect(await read(elementsPlan, more, limits)).toBeInstanceOf(TooManyJsonElements);
    const lists = JSON.stringify(Array(801).fill([7]));
    expect(await read(elementsPlan, lists, limits)).toBeInstanceOf(TooManyJsonElements);
  });

  test("sixteen rows are an element, too, whatever is in them", async () => {
    for (const row of [7, []]) {
      const fit = JSON.stringify(Array(800).fill(row));
      expect(await read(rowsPlan, fit, limits)).not.toBeInstanceOf(Error);
      const more = JSON.stringify(Array(1601).fill(row));
      expect(await read(rowsPlan, more, limits)).toBeInstanceOf(TooManyJsonElements);
    }
  });

  test("a text, and an integer that is no double, is a whole element", async () => {
    const texts = JSON.stringify(Array(101).fill("x"));
    expect(await read(elementsPlan, texts, limits)).toBeInstanceOf(TooManyJsonElements);
    const long = `[${Array(101).fill("9007199254740993").join(",")}]`;
    expect(await read(elementsPlan, long, limits)).toBeInstanceOf(TooManyJsonElements);
  });

  test("lists are nested no deeper than other JSON", async () => {
    expect(await read(elementsPlan, "[".repeat(1_000_000))).toMatchObject({ kind: "limit" });
  });
});

test.each([
  [elementsPlan, "[[1,2],[3,x]]"],
  [rowsPlan, "[[1,2],[3,x]]"],
  [columnsPlan, '{"a":[1,2,x]}'],
])("what was read of a text that is refused leaves no memory behind", async (plan, text) => {
  const free = vi.spyOn(Elements.prototype, "free");
  onTestFinished(() => free.mockRestore());
  expect(await read(plan, text)).toBeInstanceOf(JsonProblem);
  expect(free).toHaveBeenCalled();
  expect((free.mock.contexts[0] as Elements).numbers).toHaveLength(0);
});
