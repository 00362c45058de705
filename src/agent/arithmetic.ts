/** Finds arithmetic within prose, such as `12*7` in "what is 12*7?". Pure. */

import { calculatorConstants, calculatorFunctions } from "./tools/calculator.ts";

/** Words and signs for operators, rewritten in this order. */
const rewrites: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d{2}-\d{2}\b/g, " a date "],
  [/\bmultiplied by\b|\btimes\b|[×·]/gi, "*"],
  [/\bdivided by\b|÷/gi, "/"],
  [/\bplus\b/gi, "+"],
  [/\bminus\b|−/gi, "-"],
  [/\b(?:raised )?to the power of\b|\*\*/gi, "^"],
  [/ ?\bsquared\b/gi, "^2"],
  [/ ?\bcubed\b/gi, "^3"],
  [/(?:%| percent) of\b/gi, "% *"],
  [/\b(?:the )?square root of (\d{1,15}(?:\.\d{1,15})?)/gi, "sqrt($1)"],
  [/(?<=\d)(?<!\b0) ?x ?(?=\d)/gi, "*"],
  [/\bmodulo\b/gi, "mod"],
];

/** Blanks, a number with or without thousands separators, a word, or any one character. */
const lexemePattern =
  /\s+|\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?(?![\p{L}\d])|[\p{L}_][\p{L}\d_]*|./gsu;

const binary: ReadonlySet<string> = new Set(["+", "-", "*", "/", "^", "%", "mod"]);
const neverFirst: ReadonlySet<string> = new Set(["+", "*", "/", "^", "%", "mod", "!", ",", ")"]);
/** A last `!` ends a sentence far more often than it means a factorial. */
const neverLast: ReadonlySet<string> = new Set(["+", "-", "*", "/", "^", "mod", "!", ",", "("]);

/** The expressions in `text`, in order: each has a number and an operator or a function. */
export function findArithmetic(text: string): string[] {
  const found: string[] = [];
  let run: string[] = [];
  let depth = 0;
  const flush = () => {
    const expression = expressionFrom(run, depth);
    if (expression !== undefined) found.push(expression);
    run = [];
    depth = 0;
  };
  const lexemes = rewritten(text).match(lexemePattern) ?? [];
  for (const [index, lexeme] of lexemes.entries()) {
    const plain = depth === 0 && isNumber(lexeme) ? lexeme.replaceAll(",", "") : lexeme;
    const follows = lexemes[index + 1] ?? "";
    if (!belongs(plain, { run, depth, follows })) {
      flush();
      // What ended one run may begin the next, such as the second of two numbers in a row.
      if (!belongs(plain, { run, depth, follows })) continue;
    }
    if (plain === "(") depth += 1;
    if (plain === ")") depth -= 1;
    run.push(plain);
  }
  flush();
  return found;
}

function rewritten(text: string): string {
  return rewrites.reduce((result, [pattern, sign]) => result.replace(pattern, sign), text);
}

function isNumber(lexeme: string): boolean {
  return /^\.?\d/.test(lexeme);
}

/** Whether `lexeme` continues the run. */
function belongs(
  lexeme: string,
  at: { readonly run: readonly string[]; readonly depth: number; readonly follows: string },
): boolean {
  if (lexeme.trim() === "") return !lexeme.includes("\n") && at.run.length > 0;
  if (isNumber(lexeme)) return !isNumber(at.run.findLast((piece) => piece.trim() !== "") ?? "");
  if (lexeme === ")" || lexeme === ",") return at.depth > 0;
  if (binary.has(lexeme) || lexeme === "(" || lexeme === "!") return true;
  if (calculatorFunctions.has(lexeme)) return at.follows === "(";
  return calculatorConstants.has(lexeme);
}

/** The run without what cannot begin or end an expression; undefined when nothing is to compute. */
function expressionFrom(run: readonly string[], openDepth: number): string | undefined {
  const end = run.findLastIndex((piece) => piece.trim() !== "" && !neverLast.has(piece)) + 1;
  let open = openDepth - run.slice(end).filter((piece) => piece === "(").length;
  const start = run.findIndex((piece) => {
    const unclosed = piece === "(" && open > 0;
    if (unclosed) open -= 1;
    return !unclosed && piece.trim() !== "" && !neverFirst.has(piece);
  });
  const pieces = run.slice(Math.max(start, 0), end);
  const computes =
    pieces.slice(1, -1).some((piece) => binary.has(piece)) ||
    pieces.some((piece) => calculatorFunctions.has(piece));
  return computes && pieces.some(isNumber) ? pieces.join("") : undefined;
}
