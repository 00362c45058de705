/** Wraps the prose of Markdown at 120 characters; run as a program it rewrites the project's pages. */

import { globSync, readFileSync, writeFileSync } from "node:fs";

/** Longest line of prose, in characters. */
export const lineLengthMax = 120;

/** The project's own pages. */
export function pages(): readonly string[] {
  const files = globSync([
    "*.md",
    "docs/**/*.md",
    "proto/*.md",
    "bench/**/*.md",
    "clients/*/*.md",
    "examples/*/*.md",
    "deploy/**/*.md",
    "test/**/*.md",
  ]);
  return files.filter((file) => !file.includes("node_modules")).toSorted();
}

/** A list item's marker, or nothing. */
const markerPattern = /^(\s*)([-*+]|\d+[.)])\s+/;
/** What would be a list, a heading or a quotation at the beginning of a line. */
const blockStart = /^(?:[-+*>]|#{1,6}|\d+[.)])$/;

/** Words that stay together: spans of code and their neighbours are never broken. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:`+[^`]*`+|[^\s`])+/g)) {
    if (words.length > 0 && blockStart.test(word)) words.push(`${words.pop()} ${word}`);
    else words.push(word);
  }
  return words;
}

/** One paragraph or item, filled anew; `first` and `rest` are what its lines begin with. */
function filled(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of wordsOf(text)) {
    if (!isEmpty && line.length + 1 + word.length > lineLengthMax) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Whether a line is no prose: a table, a heading, HTML. */
function isFixed(line: string): boolean {
  return /^\s*(?:\||#|<|\[[^\]]+\]:)/.test(line);
}

/** The lines of prose that are too long, by number. */
export function longLines(markdown: string): readonly number[] {
  let isCode = false;
  return markdown.split("\n").flatMap((line, index) => {
    if (/^\s*(?:```|~~~)/.test(line)) isCode = !isCode;
    const isLong = line.length > lineLengthMax && !isCode && !isFixed(line);
    return isLong && wordsOf(line).length > 1 ? [index + 1] : [];
  });
}

/** The same page, in which each paragraph and item with a line that is too long is filled again. */
export function wrapped(markdown: string): string {
  const lines = markdown.split("\n");
  const result: string[] = [];
  let isCode = false;
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    if (/^\s*(?:```|~~~)/.test(line)) isCode = !isCode;
    if (isCode || line.trim() === "" || isFixed(line) || /^\s*(?:```|~~~)/.test(line)) {
      result.push(line);
      at += 1;
      continue;
    }
    const [marker = ""] = markerPattern.exec(line) ?? [];
    let end = at + 1;
    while (end < lines.length) {
      const next = lines[end] ?? "";
      if (next.trim() === "" || isFixed(next) || markerPattern.test(next)) break;
      if (/^\s*(?:```|~~~)/.test(next)) break;
      end += 1;
    }
    const block = lines.slice(at, end);
    if (block.some((one) => one.length > lineLengthMax)) {
      const indent = /^\s*/.exec(line)?.[0] ?? "";
      const rest = marker === "" ? indent : " ".repeat(marker.length);
      const text = [line.slice((marker || indent).length), ...block.slice(1)].join(" ");
      result.push(...filled(text, marker || indent, rest));
    } else {
      result.push(...block);
    }
    at = end;
  }
  return result.join("\n");
}

if (import.meta.main) {
  for (const page of pages()) {
    const before = readFileSync(page, "utf8");
    const after = wrapped(before);
    if (after !== before) writeFileSync(page, after);
  }
}
