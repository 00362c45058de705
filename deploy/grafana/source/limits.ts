/** The board of limits and identity: who is refused, what is spent, and whether the stores behind it answer. */

import { type BoardSpec, chosen, rateBy } from "./panels.ts";

export const limits: BoardSpec = {
  name: "limits",
  title: "Limits and identity",
  description: "Callers that are refused, budgets, load that is shed, and the stores behind that.",
  rows: [
    {
      title: "Refused",
      panels: [
        {
          title: "Calls without a credential, or without the right",
          description: "By method.",
          unit: "reqps",
          queries: [
            [
              rateBy(
                "grpc_method, grpc_code",
                "grpc_server_handled_total",
                'grpc_code=~"UNAUTHENTICATED|PERMISSION_DENIED"',
              ),
              "{{grpc_method}} {{grpc_code}}",
            ],
          ],
        },
        {
          title: "Calls that a limit refused, by client",
          description: "Of those that limits were asked about.",
          unit: "reqps",
          queries: [
            [`topk(15, ${rateBy("client_id", "rate_limit_blocks_total")})`, "{{client_id}}"],
          ],
        },
        {
          title: "Calls that limits were asked about, by client",
          description: "Refused or not.",
          unit: "reqps",
          queries: [[`topk(15, ${rateBy("client_id", "rate_limit_hits_total")})`, "{{client_id}}"]],
        },
      ],
    },
    {
      title: "Spending and load",
      panels: [
        {
          title: "Budgets that were spent",
          description: "Since the start, once a period each.",
          unit: "short",
          queries: [
            [
              `sum by (tier, on_exceeded) (budgets_spent_total{${chosen}})`,
              "{{tier}} {{on_exceeded}}",
            ],
          ],
        },
        {
          title: "Level of overload",
          description:
            "1: calls of low priority are refused; 2: all but health, metrics and admin.",
          unit: "short",
          queries: [[`max by (instance) (overload_level{${chosen}})`, "{{instance}}"]],
        },
        {
          title: "Calls refused for load",
          description: "By what was refused and why; none where there is no curve above 0.",
          unit: "reqps",
          queries: [
            [
              `${rateBy("refused, cause", "overload_shed_calls_total")} or vector(0)`,
              "{{refused}} {{cause}}",
            ],
          ],
        },
      ],
    },
    {
      title: "Stores",
      panels: [
        {
          title: "Redis answers",
          description: "1 or 0, by what it is used for.",
          unit: "short",
          queries: [[`min by (use) (gateway_redis_up{${chosen}})`, "{{use}}"]],
        },
        {
          title: "Commands to Redis",
          description: "skipped: it is known to be away.",
          unit: "ops",
          queries: [[rateBy("use, result", "gateway_redis_commands_total"), "{{use}} {{result}}"]],
        },
        {
          title: "Decisions that the shared store did not make",
          description: "Made alone (local), refused (deny) or granted (allow).",
          unit: "reqps",
          queries: [[rateBy("decided", "rate_limit_store_errors_total"), "{{decided}}"]],
        },
      ],
    },
  ],
};
