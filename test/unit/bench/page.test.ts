/** The page of figures, when a table is measured again. */

import { expect, test } from "vitest";
import { type Measured, pageWith } from "../../../bench/support/page.ts";

const page = `# Performance

A preface.

<!-- bench http2 -->

## Engine

<!-- bench http2/unary -->

### Its unary

<!-- bench rpc -->

## An old title

<!-- bench rpc/unary -->

### Old unary

<!-- bench rpc/dropped -->

### A table that its suite has no more

<!-- bench rpc/json -->

### Old JSON
`;

/** A run of one of the tables of `rpc`. */
function run(name: string): Measured {
  return {
    suite: { name: "rpc", title: "Gateway", tables: ["unary", "hop", "json"] },
    name,
    table: { title: `New ${name}`, columns: ["server", "rate"], rows: [["ours", "1"]] },
    effort: { rounds: 1, seconds: 1 },
    began: new Date(0),
  };
}

function headings(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("#"));
}

test("a table takes the place of its last run, and all others stay", () => {
  const written = pageWith(page, run("unary"), "Measured here.");
  expect(headings(written)).toEqual([
    "# Performance",
    "## Engine",
    "### Its unary",
    "## Gateway",
    "### New unary",
    "### Old JSON",
  ]);
  expect(written).toContain("A preface.\n\n<!-- bench http2 -->");
  expect(written).toContain("### New unary\n\nMeasured here.\n\n| server | rate |");
});

test("a table that is new stands where its suite has it", () => {
  const written = pageWith(page, run("hop"), "");
  expect(headings(written).slice(-4)).toEqual([
    "## Gateway",
    "### Old unary",
    "### New hop",
    "### Old JSON",
  ]);
});

test("the same run written twice leaves the page as it is", () => {
  const once = pageWith(page, run("hop"), "");
  expect(pageWith(once, run("hop"), "")).toBe(once);
});
