/** Elements of JSON as bytes of a tensor and back: shapes, forms of texts, and others' turns. */

import { describe, expect, test } from "vitest";
import { bytesFromElements } from "#core/byte-elements.ts";
import { atOnce } from "#core/turns.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { Elements } from "#json/elements.ts";
import { bytesOfElements, flatJson, NestedJson } from "#surfaces/json-tensor.ts";
import { tensor } from "../../support/predict.ts";

const writing = { field: "output", form: "text", otherwise: "ask otherwise" } as const;

function text(pieces: Iterable<string>): string {
  return [...pieces].join("");
}

describe("nested JSON", () => {
  const cube = tensor("c", "INT8", [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);

  test("is of the tensor's shape, whole and row by row", () => {
    const json = new NestedJson(cube, writing);
    expect(text(json.whole())).toBe("[[[1,2],[3,4]],[[5,6],[7,8]]]");
    expect(text(json.row(1))).toBe("[[5,6],[7,8]]");
  });

  test("of scalars and rows of one number has no list", () => {
    expect(text(new NestedJson(tensor("s", "FP32", [], [1.1]), writing).whole())).toBe("1.1");
    expect(text(new NestedJson(tensor("s", "FP32", [2], [1, 2]), writing).row(1))).toBe("2");
  });

  test.each([
    [[0], "[]"],
    [[2, 0], "[[],[]]"],
    [[0, 3], "[]"],
    [[2, 3, 0], "[[[],[],[]],[[],[],[]]]"],
    [[1_000_000, 0], "[]"],
    [[4096, 4096, 0], "[]"],
  ])("of shape %j without elements is %s", (shape, written) => {
    expect(text(new NestedJson(tensor("e", "FP32", shape, []), writing).whole())).toBe(written);
  });
});

describe("texts", () => {
  test("are base64 where that is asked for, and refused where they are no UTF-8", () => {
    const bytes = bytesFromElements([Uint8Array.of(0xff), Uint8Array.of(0x78)]);
    const odd = { name: "t", datatype: "BYTES", shape: [2], bytes } as const;
    expect(text(flatJson(odd, { ...writing, form: "base64" }))).toBe(
      '[{"b64":"/w=="},{"b64":"eA=="}]',
    );
    expect(() => text(flatJson(odd, writing))).toThrow("element 0 is no UTF-8, ask otherwise");
    const plain = { ...odd, bytes: bytesFromTexts(['"', "ä"]) };
    expect(text(flatJson(plain, writing))).toBe('["\\"","ä"]');
  });
});

describe("a long text", () => {
  test("is written in pieces, whole to the last character", () => {
    const long = `${"\u{2A6D6}x\n".repeat(50_000)}"`;
    const one = {
      name: "t",
      datatype: "BYTES",
      shape: [2],
      bytes: bytesFromTexts([long, "y"]),
    } as const;
    const pieces = [...flatJson(one, writing)];
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(200_000);
    expect(JSON.parse(text(pieces))).toEqual([long, "y"]);
    const [first] = JSON.parse(text(flatJson(one, { ...writing, form: "base64" })));
    expect(Buffer.from(first.b64, "base64").toString()).toBe(long);
  });

  test("that is no UTF-8 is refused before any of it is written", () => {
    const bytes = bytesFromElements([
      Buffer.concat([Buffer.alloc(100_000, 0x78), Buffer.of(0xff)]),
    ]);
    const odd = { name: "t", datatype: "BYTES", shape: [1], bytes } as const;
    const written: string[] = [];
    expect(() => {
      for (const piece of flatJson(odd, writing)) written.push(piece);
    }).toThrow("element 0 is no UTF-8");
    expect(written).toEqual([]);
  });
});

describe("a long tensor", () => {
  test("gives others their turn while bytes are made of it", () => {
    for (const datatype of ["FP32", "INT64"] as const) {
      const elements = new Elements();
      elements.addNumbers(Array(50_000).fill(7), 1);
      const work = bytesOfElements(elements, datatype, "x");
      let turns = 0;
      let step = work.next();
      for (; step.done !== true; step = work.next()) turns += 1;
      expect([datatype, turns >= 12, step.value.length]).toEqual([
        datatype,
        true,
        datatype === "FP32" ? 200_000 : 400_000,
      ]);
    }
  });

  test("gives others their turn while it is written, and reads back", () => {
    const numbers = Array.from({ length: 50_000 }, (_, at) => at / 4);
    const long = tensor("l", "FP32", [50_000], numbers);
    const pieces = [...flatJson(long, writing)];
    expect(pieces.length).toBeGreaterThan(12);
    expect(JSON.parse(text(pieces))).toEqual(numbers);
    expect([...new NestedJson(long, writing).whole()].length).toBeGreaterThan(12);
  });
});

test("bytes are none of an element that its datatype does not hold", () => {
  const elements = new Elements();
  elements.add(2n ** 63n, 1);
  expect(() => atOnce(bytesOfElements(elements, "INT64", "x"))).toThrow(
    "x[0]: 9223372036854775808 does not fit INT64",
  );
  expect([...atOnce(bytesOfElements(elements, "UINT64", "x"))]).toEqual([0, 0, 0, 0, 0, 0, 0, 128]);
});
