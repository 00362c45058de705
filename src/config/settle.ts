/** Checks and compiles a finished draft, so that one run finds every problem. */

import { lazy } from "#core/lazy.ts";
import { type Draft, placeOf } from "#yaml/draft.ts";
import { issueMessage, problemsFrom } from "#yaml/findings.ts";
import { type Problem, pathText } from "#yaml/problem.ts";
import { readOnce } from "#yaml/read-once.ts";
import { compile } from "./compile.ts";
import type { CompileContext } from "./compile-context.ts";
import { jsonSchema } from "./json-schema.ts";
import type { Report } from "./report.ts";
import { type FileConfig, fileSchema } from "./schema.ts";
import type { Settings } from "./settings.ts";

/** Returns settings that may be used only when `problems` is empty; `known` are problems that were found before. */
export function settle(
  draft: Draft,
  known: readonly Problem[],
  context: CompileContext,
): { readonly settings?: Settings; readonly problems: readonly Problem[] } {
  const problems = [...known];
  const checked = fileSchema.safeParse(draft.root, { error: issueMessage, ...readOnce });
  if (!checked.success) {
    const told = new Set(known.map(({ path }) => path));
    problems.push(
      ...problemsFrom(checked.error.issues, draft, jsonSchema).filter(
        ({ path }) => !told.has(path),
      ),
    );
  }
  const faulty = new Set(problems.map(({ path }) => sectionOf(path)));
  const config = checked.success ? checked.data : withoutSections(draft.root, faulty);
  if (config === undefined) return { problems: problems.toSorted(byPlace) };
  const warnings = [...context.warnings];
  const reportTo =
    (list: Problem[]): Report =>
    (path, message, hint) => {
      const text = pathText(path);
      if (faulty.has(sectionOf(text))) return;
      const where = placeOf(draft, path) ?? "defaults";
      list.push({ where, path: text, message, ...(hint !== undefined && { hint }) });
    };
  const whole = { ...context, warnings };
  const settings = compile(config, whole, reportTo(problems), reportTo(warnings));
  return { settings, problems: problems.toSorted(byPlace) };
}

/** Replaces faulty sections by their defaults, so that rules that span the other sections are checked as well. */
function withoutSections(root: unknown, faulty: ReadonlySet<string>): FileConfig | undefined {
  if (typeof root !== "object" || root === null) return undefined;
  const sound = Object.entries(root).filter(([key]) => !faulty.has(sectionOf(pathText([key]))));
  return fileSchema.safeParse(Object.fromEntries(sound), readOnce).data;
}

/** Compares line numbers as numbers. To make it takes 5 ms, and most files have no problem. */
const collator = lazy(() => new Intl.Collator("en", { numeric: true }));

/** Sorts by place in the file. */
function byPlace(one: Problem, other: Problem): number {
  return collator().compare(one.where, other.where);
}

function sectionOf(path: string): string {
  return path.split(/[.[]/, 1)[0] ?? "";
}
