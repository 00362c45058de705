/** Prose within a terminal's columns, and tables that are wider than it. */

import { expect, test } from "vitest";
import { folded } from "#terminal/folded-text.ts";
import { textTable } from "#terminal/text-table.ts";

test("a line goes on beneath where its text began, and a word stays whole", () => {
  const flag = "  --port <port>  port to listen on; 0 lets the system choose";
  expect(folded(flag, 45)).toBe(
    "  --port <port>  port to listen on; 0 lets\n                 the system choose",
  );
  const url = `see http://host/${"a".repeat(50)}`;
  expect(folded(url, 40)).toBe(`see\n  http://host/${"a".repeat(50)}`);
  expect(folded(flag, undefined)).toBe(flag);
});

test("colours take no columns", () => {
  expect(folded("\u001b[31mone two\u001b[39m", 7)).toBe("\u001b[31mone two\u001b[39m");
});

test("a table that is wider than its terminal is a block for each row, without empty cells", () => {
  const rows = [
    ["ci", "key_1"],
    ["a", ""],
  ];
  expect(textTable(["NAME", "ID"], rows, { columns: 11 })).toBe("NAME  ID\nci    key_1\na");
  expect(textTable(["NAME", "ID"], rows, { columns: 10 })).toBe("NAME  ci\nID    key_1\n\nNAME  a");
});
