/** Prose on a terminal: lines that are wider than it go on in the next one, beneath where their text began. Pure. */

import { stripVTControlCharacters } from "node:util";

/** Narrowest column that text is folded into; where less is left, it begins further to the left. */
const columnsMin = 24;

/** Columns that a text takes; characters that are twice as wide count once. */
const widthOf = (text: string) => stripVTControlCharacters(text).length;

/** Where a line's text begins: after its last gap, as in a list of flags; else two columns in. */
function indentOf(line: string, columns: number): number {
  const gaps = [...line.slice(0, columns).matchAll(/\S {2,}(?=\S)|^ +(?=\S)/g)];
  const last = gaps.at(-1);
  const indent = last === undefined ? 2 : last.index + last[0].length;
  return columns - indent < columnsMin ? 4 : indent;
}

function foldedLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const indent = indentOf(line, columns);
  const lines: string[] = [];
  let current = "";
  // Gaps stay with the word after them.
  for (const [word] of line.matchAll(/ *\S+/g)) {
    if (widthOf(current + word) <= columns || current.trim() === "") {
      current += word;
      continue;
    }
    lines.push(current);
    current = " ".repeat(indent) + word.trimStart();
  }
  return [...lines, current].join("\n");
}

/**
 * The text with no line wider than `columns`, but for words that are: those stay whole, so that they can be
 * copied. Undefined columns: the text as it is, since whoever reads it may not be a person.
 */
export function folded(text: string, columns: number | undefined): string {
  if (columns === undefined) return text;
  return text
    .split("\n")
    .map((line) => foldedLine(line, columns))
    .join("\n");
}
