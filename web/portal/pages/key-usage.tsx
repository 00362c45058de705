/** What was spent with each key this month, what that comes to by its end, and the budget beside it. */

import { type Key, KeysService, type UsageRow } from "#gen/polygate/v1/keys_pb.js";
import { count, dollars } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { byMonthsEnd } from "#web/pages/month.ts";
import { Region } from "#web/parts/region.tsx";
import { State } from "#web/parts/state.tsx";
import { Table } from "#web/parts/table.tsx";

/** A budget as it is set. */
type Budget = NonNullable<NonNullable<NonNullable<Key["spec"]>["allowance"]>["budget"]>;

/** A budget in words. */
export const budgetOf = (budget: Pick<Budget, "usd" | "period"> | undefined) => {
  if (budget === undefined) return "none";
  const { usd, period } = budget;
  return period === "30d" ? `${dollars(usd)} in 30 days` : `${dollars(usd)} a ${period}`;
};

const tokensOf = ({ promptTokens, completionTokens }: UsageRow) => promptTokens + completionTokens;
const usdOf = ({ microUsd }: UsageRow) => microUsd / 1e6;

/** Budgets by the name of their key; where several keys had the name, that of the one that is active. */
function budgetsOf(keys: readonly Key[]): ReadonlyMap<string, Budget> {
  const budgets = new Map<string, Budget>();
  for (const { spec, state } of keys) {
    const budget = spec?.allowance?.budget;
    if (spec === undefined || budget === undefined) continue;
    if (state === "active" || !budgets.has(spec.name)) budgets.set(spec.name, budget);
  }
  return budgets;
}

/** All of it. */
export function Usage() {
  const read = useRead(KeysService.method.getUsage, { by: "key" });
  const keys = useRead(KeysService.method.listKeys, { includeRevoked: true });
  const budgets = budgetsOf(keys.data?.keys ?? []);
  const forecastOf = (row: UsageRow) => byMonthsEnd(usdOf(row), read.dataUpdatedAt);
  return (
    <section className="panel" aria-labelledby="usage">
      <h2 id="usage">Spent this month</h2>
      <Region
        read={read}
        isEmpty={({ rows }) => rows.length === 0}
        empty="Nothing was spent since the first of this month, UTC."
      >
        {({ rows, total }) => (
          <>
            <Table
              label="Usage by key"
              rows={rows}
              keyOf={({ name }) => name}
              columns={[
                { head: "Key", cell: ({ name }) => name || "none" },
                {
                  head: "Calls",
                  isNumber: true,
                  cell: ({ requests }) => count(requests),
                  sortBy: ({ requests }) => requests,
                },
                {
                  head: "Tokens",
                  isNumber: true,
                  cell: (row) => count(tokensOf(row)),
                  sortBy: tokensOf,
                },
                { head: "Cost", isNumber: true, cell: (row) => dollars(usdOf(row)), sortBy: usdOf },
                {
                  head: "By month’s end",
                  isNumber: true,
                  cell: (row) => dollarsOrNone(forecastOf(row)),
                  sortBy: (row) => forecastOf(row) ?? 0,
                },
                {
                  head: "Budget",
                  cell: (row) => (
                    <Against
                      budget={budgets.get(row.name)}
                      usd={usdOf(row)}
                      forecast={forecastOf(row)}
                    />
                  ),
                },
              ]}
            />
            {total !== undefined && <Total total={total} forecast={forecastOf(total)} />}
          </>
        )}
      </Region>
    </section>
  );
}

const dollarsOrNone = (usd: number | undefined) => (usd === undefined ? "–" : dollars(usd));

/** A budget, and for one of a month whether the money will last. */
function Against({
  budget,
  usd,
  forecast,
}: {
  readonly budget: Budget | undefined;
  readonly usd: number;
  readonly forecast: number | undefined;
}) {
  if (budget === undefined) return "none";
  const words = budgetOf(budget);
  if (budget.period !== "month") return words;
  if (usd >= budget.usd) return <State state="failed" words={`${words}, spent`} />;
  if (forecast === undefined) return words;
  const isOver = forecast > budget.usd;
  return (
    <State
      state={isOver ? "degraded" : "healthy"}
      words={isOver ? `${words}, not enough` : `${words}, enough`}
    />
  );
}

function Total({
  total,
  forecast,
}: {
  readonly total: UsageRow;
  readonly forecast: number | undefined;
}) {
  return (
    <p className="small">
      {count(total.requests)} calls, {count(tokensOf(total))} tokens, {dollars(usdOf(total))} in all
      {forecast === undefined
        ? "; what the month will come to is told from its second day on"
        : `; at this pace ${dollars(forecast)} by the end of the month`}
      .
    </p>
  );
}
