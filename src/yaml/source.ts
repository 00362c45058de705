/** Turns YAML text into a draft: keeps positions, fills in `${ENV}`, and refuses alias bombs. */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from "yaml";
import { type Draft, emptyDraft } from "./draft.ts";
import { type Path, type Problem, pathText } from "./problem.ts";
import { type SecretReaders, substitute } from "./substitute.ts";

/** Largest configuration file, in bytes. */
export const sourceBytesMax = 1_048_576;
/** Most values that a file may have after its aliases are expanded. */
const valuesMax = 20_000;
const depthMax = 32;
/**
 * Most words and signs, blanks and ends of lines among them: some seven for each value. They are what
 * parsing takes its time for, which nobody else has then.
 */
const lexemesMax = 150_000;
/** A text of so few characters has not that many. */
const surelyFewLexemes = 50_000;
/** Problems of the text itself that are reported one by one. */
const findingsMax = 10;

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The result of reading a file. Values with a problem are left out of the draft. */
export interface Source {
  readonly draft: Draft;
  readonly problems: readonly Problem[];
}

/** What values are filled in from. */
export interface Fillings {
  readonly env: Environment;
  /** Read files that values name. */
  readonly readers?: SecretReaders;
}

/**
 * Reads YAML. `file` names it in places; `${NAME}`, `${NAME:-default}`, `${file:path}` and
 * `${credential:name}` take from `fillings`, and stay as they are where there are none.
 */
export function sourceFrom(yaml: Uint8Array, file: string, fillings?: Fillings): Source {
  const refuse = (where: string, message: string): Source => ({
    draft: emptyDraft(),
    problems: [{ where, path: "", message }],
  });
  if (yaml.length > sourceBytesMax) {
    return refuse(file, `is larger than ${sourceBytesMax} bytes`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(yaml);
  } catch {
    return refuse(file, "is not UTF-8 text");
  }
  if (text.length > surelyFewLexemes && hasManyLexemes(text)) {
    return refuse(file, `has more than ${lexemesMax} words and signs`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // It compares each key with each other one; the walk below does so faster.
    uniqueKeys: false,
  });
  return new Reader(document, lines, file, fillings).read();
}

/** Whether there are too many to parse; finding them costs a small part of that. */
function hasManyLexemes(text: string): boolean {
  let left = lexemesMax;
  for (const _lexeme of new Lexer().lex(text)) {
    left -= 1;
    if (left < 0) return true;
  }
  return false;
}

/** Walks one document; a class because draft, problems and count grow together. */
class Reader {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #file: string;
  readonly #fillings: Fillings | undefined;
  readonly #draft = emptyDraft();
  readonly #problems: Problem[] = [];
  readonly #duplicates: Problem[] = [];
  /** Values by the anchors that the walk has come by: looking one up in the document walks all of it. */
  readonly #anchored = new Map<string, Node>();
  #valuesLeft = valuesMax;

  constructor(
    document: Document.Parsed,
    lines: LineCounter,
    file: string,
    fillings: Fillings | undefined,
  ) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
    this.#fillings = fillings;
  }

  read(): Source {
    const { contents, errors, warnings } = this.#document;
    const findings = [...errors, ...warnings];
    // After a structural error everything that follows is misread: a file that is not YAML at all
    // should have one problem, and not one per line.
    const lost = findings.find(({ code }) => !singleFindings.has(code));
    const told = lost === undefined ? findings.slice(0, findingsMax) : [lost];
    for (const { code, pos } of told) {
      this.#problems.push({
        where: this.#placeAt(pos[0]),
        path: "",
        message: syntaxMessages[code] ?? `is not valid YAML (${code})`,
      });
    }
    if (lost === undefined) this.#tellFurther(findings.length);
    if (this.#problems.length === 0 && contents !== null && !isEmpty(contents)) {
      this.#draft.root = this.#value(contents, []) ?? {};
    }
    this.#problems.push(...this.#duplicates.slice(0, findingsMax));
    this.#tellFurther(this.#duplicates.length);
    return { draft: this.#draft, problems: this.#problems };
  }

  /** That there are more findings than are listed one by one. */
  #tellFurther(count: number): void {
    if (count <= findingsMax) return;
    const message = `has ${count - findingsMax} further problems of this kind`;
    this.#problems.push({ where: this.#file, path: "", message });
  }

  #value(written: Node, path: Path): unknown {
    const place = this.#placeAt(written.range?.[0] ?? 0);
    if (!this.#draft.places.has(pathText(path))) this.#draft.places.set(pathText(path), place);
    this.#valuesLeft -= 1;
    if (this.#valuesLeft === 0) this.#stop(place, `comes to more than ${valuesMax} values`);
    if (path.length > depthMax) this.#stop(place, `is nested deeper than ${depthMax} levels`);
    if (this.#valuesLeft <= 0) return undefined;
    if (isAlias(written)) {
      const target = this.#anchored.get(written.source);
      if (target === undefined) this.#problem(path, "names an anchor that is not there");
      return target && this.#value(target, path);
    }
    if ("anchor" in written && written.anchor !== undefined) {
      this.#anchored.set(written.anchor, written);
    }
    if (isMap(written)) return this.#mapping(written, path);
    if (isSeq<Node>(written)) {
      return written.items.map((item, index) => this.#value(item, [...path, index]));
    }
    const value = isScalar(written) ? written.value : undefined;
    return typeof value === "string" ? this.#text(value, path) : value;
  }

  #mapping(written: YAMLMap, path: Path): unknown {
    const entries: [string, unknown][] = [];
    const names = new Set<string>();
    for (const { key, value } of written.items) {
      if (!isScalar(key)) {
        this.#problem(path, "has a key that is not plain text");
        continue;
      }
      const name = String(key.value);
      const at = [...path, name];
      const place = this.#placeAt(key.range?.[0] ?? 0);
      if (names.has(name)) {
        this.#duplicates.push({ where: place, path: "", message: "has a duplicate key" });
        continue;
      }
      names.add(name);
      this.#draft.keyPlaces.set(pathText(at), place);
      // A section whose lines are all commented out is null, and counts as absent.
      if (path.length === 0 && isEmpty(value)) continue;
      const read = value === null ? null : this.#value(value as Node, at);
      if (read !== undefined) entries.push([name, read]);
    }
    return Object.fromEntries(entries);
  }

  #text(written: string, path: Path): string | undefined {
    if (this.#fillings === undefined) return written;
    const filled = substitute(written, this.#fillings.env, this.#fillings.readers);
    if (filled.ok) {
      if (filled.isFilled) this.#draft.filled.add(pathText(path));
      return filled.text;
    }
    this.#problem(path, filled.message);
    return undefined;
  }

  #placeAt(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }

  /** Ends the walk: what was read so far is not enough to judge the rest. */
  #stop(where: string, message: string): void {
    if (this.#valuesLeft >= 0) this.#problems.push({ where, path: "", message });
    this.#valuesLeft = -1;
  }

  #problem(path: Path, message: string): void {
    const where = this.#draft.places.get(pathText(path)) ?? this.#placeAt(0);
    this.#problems.push({ where, path: pathText(path), message });
  }
}

function isEmpty(value: unknown): boolean {
  return value === null || (isScalar(value) && value.value === null);
}

/** Findings about a single key, alias or tag, around which the parser has understood the file. */
const singleFindings: ReadonlySet<string> = new Set([
  "ALIAS_PROPS",
  "BAD_ALIAS",
  "BAD_DQ_ESCAPE",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
  "TAG_RESOLVE_FAILED",
]);

/** Messages for the parser's findings. The parser's own messages quote the file, which may contain secrets. */
const syntaxMessages: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias takes no tag and no anchor",
  BAD_ALIAS: "names an anchor that is not there",
  BAD_DQ_ESCAPE: "has an unknown escape in double quotes",
  BAD_INDENT: "is indented in a way that YAML does not allow",
  BLOCK_AS_IMPLICIT_KEY: "begins a mapping in the middle of a line; a value with `: ` needs quotes",
  BLOCK_IN_FLOW: "puts an indented block inside brackets",
  IMPOSSIBLE: "is not valid YAML",
  KEY_OVER_1024_CHARS: "has a key longer than 1024 characters",
  MISSING_CHAR: "lacks a closing bracket, quote or comma",
  MULTILINE_IMPLICIT_KEY: "has a key that runs over several lines; is a colon missing?",
  MULTIPLE_DOCS: "holds more than one document",
  MULTIPLE_ANCHORS: "has two anchors on one value",
  MULTIPLE_TAGS: "has two tags on one value",
  TAB_AS_INDENT: "is indented with a tab; YAML takes spaces",
  TAG_RESOLVE_FAILED: "has a tag that is not known here",
  UNEXPECTED_TOKEN: "has something here that YAML does not allow",
};
