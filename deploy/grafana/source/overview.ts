/** The board of everything that is asked of gateways: rate, errors, duration, and what they add themselves. */

import { type BoardSpec, chosen, quantile, quantiles, rateBy } from "./panels.ts";

const faults = 'grpc_code=~"UNKNOWN|DEADLINE_EXCEEDED|INTERNAL|UNAVAILABLE|DATA_LOSS"';
const handled = "grpc_server_handled_total";

export const overview: BoardSpec = {
  name: "overview",
  title: "Overview",
  description: "Rate, errors and duration of each surface and service, and what the gateway adds.",
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "Gateways",
          description: "That are scraped.",
          unit: "short",
          isStat: true,
          queries: [[`count(overload_level{${chosen}})`, ""]],
        },
        {
          title: "Calls",
          description: "Of all surfaces.",
          unit: "reqps",
          isStat: true,
          queries: [[rateBy("", handled), ""]],
        },
        {
          title: "Failing",
          description: "Share of calls that fail through no fault of their callers.",
          unit: "percentunit",
          isStat: true,
          queries: [[`(${rateBy("", handled, faults)} or vector(0)) / ${rateBy("", handled)}`, ""]],
        },
        {
          title: "p95",
          description: "Time from a request to the end of its response.",
          unit: "s",
          isStat: true,
          queries: [[quantile(0.95, "", "gateway_request_duration_seconds"), ""]],
        },
        {
          title: "Cost",
          description: "US dollars an hour, by the prices of models.",
          unit: "currencyUSD",
          isStat: true,
          queries: [[`${rateBy("", "gateway_cost_usd_total")} * 3600`, ""]],
        },
        {
          title: "Alerts of gateways",
          description: "Alerts of the section `alerts` that hold now.",
          unit: "short",
          isStat: true,
          queries: [[`sum(gateway_alerts_firing{${chosen}})`, ""]],
        },
      ],
    },
    {
      title: "Surfaces",
      panels: [
        {
          title: "Requests by endpoint",
          description: "HTTP requests that ended; the endpoint tells the surface.",
          unit: "reqps",
          queries: [[`topk(15, ${rateBy("endpoint", "http_requests_total")})`, "{{endpoint}}"]],
        },
        {
          title: "Responses that are errors, by endpoint and status",
          description: "4xx are their clients' doing, 5xx are not.",
          unit: "reqps",
          queries: [
            [
              `topk(15, ${rateBy("endpoint, status", "http_requests_total", 'status=~"[45].."')})`,
              "{{status}} {{endpoint}}",
            ],
          ],
        },
        {
          title: "p95 by endpoint",
          description: "Streams count to their end.",
          unit: "s",
          queries: [
            [
              `topk(15, ${quantile(0.95, "endpoint", "http_request_duration_seconds")})`,
              "{{endpoint}}",
            ],
          ],
        },
      ],
    },
    {
      title: "Services",
      panels: [
        {
          title: "Calls by method",
          description: "Whatever surface they came by.",
          unit: "reqps",
          queries: [
            [
              `topk(15, ${rateBy("grpc_service, grpc_method", handled)})`,
              "{{grpc_service}}/{{grpc_method}}",
            ],
          ],
        },
        {
          title: "Calls that failed, by code",
          description: "UNAVAILABLE and INTERNAL are faults, most others refusals.",
          unit: "reqps",
          queries: [[rateBy("grpc_code", handled, 'grpc_code!="OK"'), "{{grpc_code}}"]],
        },
        {
          title: "p95 by method",
          description: "Streams count to their end.",
          unit: "s",
          queries: [
            [
              `topk(15, ${quantile(0.95, "grpc_service, grpc_method", "grpc_server_handling_seconds")})`,
              "{{grpc_service}}/{{grpc_method}}",
            ],
          ],
        },
      ],
    },
    {
      title: "Time",
      panels: [
        {
          title: "All requests",
          description: "Time from a request to the end of its response.",
          unit: "s",
          queries: quantiles("gateway_request_duration_seconds"),
        },
        {
          title: "Own overhead",
          description: "Time of a call less its wait for backends.",
          unit: "s",
          queries: quantiles("gateway_overhead_seconds"),
        },
      ],
    },
  ],
};
