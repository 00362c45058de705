/** What a key or a group may use, as the section `auth` writes it. */

import { z } from "zod";
import type { Allowance, Group } from "#identity/credentials.ts";
import { positiveNumber, text, wholeNumber } from "#yaml/scalar.ts";

const countMax = 1_000_000_000;

/** The fields of an allowance, which a key and a group have alike. */
export const allowanceFields = {
  requests_per_minute: positiveNumber(countMax).optional().describe("Steady rate of requests."),
  burst: wholeNumber(1, countMax)
    .optional()
    .describe("Requests at once; a tenth of a minute's, but at least one, when absent."),
  tokens_per_minute: positiveNumber(countMax)
    .optional()
    .describe("Steady rate of tokens of language models, read and written together."),
  concurrent_max: wholeNumber(1, 1_000_000).optional().describe("Calls in progress at one time."),
  budget: z
    .strictObject({
      usd: positiveNumber(countMax).describe("US dollars in a period."),
      period: z
        .enum(["day", "week", "month", "30d"])
        .default("month")
        .describe("A calendar period begins at midnight, UTC; `30d` is any thirty days."),
      on_exceeded: z
        .enum(["warn", "block"])
        .default("block")
        .describe("At the end of the money: go on with a warning, or refuse."),
    })
    .optional()
    .describe("Money that may be spent."),
};

/** A group as the file has it. */
export const allowance = z.strictObject(allowanceFields);
type FileAllowance = z.output<typeof allowance>;

/** A group's name. */
export const groupName = () => text("a name of up to 64 characters", /^\S.{0,63}$/);

/** What is written of an allowance; undefined where nothing is. */
export function allowanceFrom(written: FileAllowance): Allowance | undefined {
  const { requests_per_minute, burst, tokens_per_minute, concurrent_max, budget } = written;
  const allowed: Allowance = {
    ...(requests_per_minute !== undefined && { requestsPerMinute: requests_per_minute }),
    ...(burst !== undefined && { burst }),
    ...(tokens_per_minute !== undefined && { tokensPerMinute: tokens_per_minute }),
    ...(concurrent_max !== undefined && { concurrentMax: concurrent_max }),
    ...(budget !== undefined && {
      budget: { usd: budget.usd, period: budget.period, onExceeded: budget.on_exceeded },
    }),
  };
  return Object.keys(allowed).length === 0 ? undefined : allowed;
}

/** The groups by name. */
export function groupsFrom(
  written: Readonly<Record<string, FileAllowance>>,
): ReadonlyMap<string, Group> {
  return new Map(
    Object.entries(written).map(([id, fields]) => {
      const allowed = allowanceFrom(fields);
      return [id, { id, ...(allowed !== undefined && { allowance: allowed }) }] as const;
    }),
  );
}

/** The group of this name. Reports one that is not there. */
export function groupNamed(
  name: string | undefined,
  known: ReadonlyMap<string, Group>,
  report: (message: string, hint: string) => void,
): Group | undefined {
  if (name === undefined) return undefined;
  const group = known.get(name);
  if (group === undefined) {
    report("is no group of auth.groups", `there is ${[...known.keys()].join(", ") || "none"}`);
  }
  return group;
}
