/** A text in parts is read as the same text in one piece is, wherever it is cut, and errors name the same places. */

import { describe, expect, test } from "vitest";
import { elementsIn } from "#core/byte-elements.ts";
import type { Elements } from "#json/elements.ts";
import { elementsPlan } from "#json/elements-frame.ts";
import { readPlain } from "#json/reader.ts";
import { listPlan, recordPlan, textPlan } from "#json/record.ts";
import { NotUtf8, type TextParts, utf8Parts } from "#json/text-parts.ts";

const limits = { elementsMax: 1_000_000, depthMax: 100 };
const plan = recordPlan({ name: textPlan, texts: listPlan(textPlan), data: elementsPlan });

interface Body {
  readonly name?: string;
  readonly texts?: readonly string[];
  readonly data?: Elements;
}

async function read(text: string | TextParts) {
  try {
    const { data, ...rest } = (await readPlain(plan, text, limits)) as Body;
    if (data === undefined) return rest;
    const texts = elementsIn(data.takeTexts())?.map((part) => Buffer.from(part).toString());
    return { ...rest, shape: data.shape, numbers: [...data.numbers], texts };
  } catch (thrown) {
    return `${thrown}`;
  }
}

function cut(text: string, chars: number): TextParts {
  let at = 0;
  return {
    next() {
      at += chars;
      return at - chars < text.length ? text.slice(at - chars, at) : undefined;
    },
  };
}

const blanks = " \n\t\r".repeat(150_000);
const long = "x".repeat(700_000);
const escapes = '\\u00e4\\"\\\\'.repeat(60_000);
const numbers = Array.from({ length: 200_000 }, (_, at) => at / 4);

const texts: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a short text", '{"name":"a","data":[1,2]}'],
  ["many numbers", `{"data":[${numbers.join(",")}],"name":"last"}`],
  ["many lists", `{"data":[${numbers.map((one) => `[${one}]`).join(" ,")}]}`],
  ["many texts", `{"texts":[${numbers.map((one) => `"${one}"`).join(",")}]}`],
  ["a long string", `{"name":"${long}","texts":["${long}","b"]}`],
  ["a long string of escapes", `{"name":"${escapes}","texts":["${escapes}x"]}`],
  [
    "strings of the longest that are read at once",
    `{"texts":["${long.slice(0, 65_536)}","${long.slice(0, 65_535)}"]}`,
  ],
  [
    "blanks wherever they may be",
    `${blanks}{${blanks}"name"${blanks}:${blanks}"a"${blanks},"data":[${blanks}1${blanks},2${blanks}]${blanks}}${blanks}`,
  ],
  ["a fault far back", `{"data":[${numbers.join(",")}],"name":x}`],
  ["a fault behind blanks", `{"data":[${numbers.join(",")}]${blanks}x}`],
  ["a string without an end", `{"data":[${numbers.join(",")}],"name":"a`],
  ["a long string without an end", `{"data":[${numbers.join(",")}],"name":"${long}`],
  ["a long string with half an escape", `{"data":[${numbers.join(",")}],"name":"${long}\\u00"`],
  ["an escape that is none", `{"data":[${numbers.join(",")}],"name":"\\x"}`],
  ["more after the end", `{"data":[${numbers.join(",")}]} ${blanks}{}`],
  ["an end too early", `{"data":[${numbers.join(",")}`],
  ["blanks without an end", `{"data":[1]${blanks}`],
];

describe("a text in parts", () => {
  test.each(texts)("is read as in one piece: %s", async (_, text) => {
    const whole = await read(text);
    for (const chars of [65_537, 300_000, 10_000_000]) {
      expect(await read(cut(text, chars)), `parts of ${chars}`).toEqual(whole);
    }
  });

  test("of one character each is the same", async () => {
    const text = '{"name":"\\u00e4","data":[[1.5,-2],[3e1,4]],"texts":["a",""]}';
    expect(await read(cut(text, 1))).toEqual(await read(text));
  });

  test("is asked for no further than it is read", async () => {
    let asked = 0;
    const parts = {
      next() {
        asked += 1;
        return asked === 1 ? '{"name":1,' : " ".repeat(100_000);
      },
    };
    expect(await read(parts)).toContain("name");
    expect(asked).toBeLessThan(20);
  });
});

describe("bytes as a text in parts", () => {
  const joined = (bytes: Uint8Array) => {
    const parts = utf8Parts(bytes);
    let text = "";
    for (let part = parts.next(); part !== undefined; part = parts.next()) text += part;
    return text;
  };

  test("are their text, whatever a cut goes through", () => {
    for (const shift of ["", "x", "xx", "xxx"]) {
      const text = shift + "ä\u{2A6D6}€".repeat(50_000);
      expect(joined(Buffer.from(text))).toBe(text);
    }
  });

  test.each([
    ["a byte that is none", Buffer.concat([Buffer.alloc(200_000, 0x20), Buffer.of(0xff)])],
    [
      "a character that is cut off",
      Buffer.concat([Buffer.alloc(200_000, 0x20), Buffer.of(0xe2, 0x82)]),
    ],
  ])("are refused: %s", (_, bytes) => {
    expect(() => joined(bytes)).toThrow(NotUtf8);
  });
});
