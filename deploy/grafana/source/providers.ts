/** The board of providers: what they are asked, how they answer, what that costs, and what comes next. */

import { type BoardSpec, chosen, quantile, rateBy } from "./panels.ts";

const provider = 'gen_ai_provider_name=~"$provider"';
const duration = "gen_ai_client_operation_duration_seconds";
const ofPool = 'provider=~"$provider"';

export const providers: BoardSpec = {
  name: "providers",
  title: "Providers and cost",
  description: "Calls of models, their time, tokens and prices, by provider.",
  choice: { name: "provider", metric: `${duration}_count`, label: "gen_ai_provider_name" },
  rows: [
    {
      title: "Calls",
      panels: [
        {
          title: "Calls by provider",
          description: "Each try by itself.",
          unit: "reqps",
          queries: [
            [
              rateBy("gen_ai_provider_name", `${duration}_count`, provider),
              "{{gen_ai_provider_name}}",
            ],
          ],
        },
        {
          title: "Calls that failed, by reason",
          description: "The reason is that of the error which clients see.",
          unit: "reqps",
          queries: [
            [
              rateBy(
                "gen_ai_provider_name, error_type",
                `${duration}_count`,
                `${provider},error_type!=""`,
              ),
              "{{gen_ai_provider_name}} {{error_type}}",
            ],
          ],
        },
        {
          title: "Endpoints by health",
          description: "What the last probe of each said.",
          unit: "short",
          queries: [
            [
              `sum by (provider, status) (load_balancer_endpoints{${chosen},${ofPool}})`,
              "{{provider}} {{status}}",
            ],
          ],
        },
      ],
    },
    {
      title: "Time",
      panels: [
        {
          title: "p95 by model",
          description: "Streams count to their end.",
          unit: "s",
          queries: [
            [
              `topk(15, ${quantile(0.95, "gen_ai_provider_name, gen_ai_request_model", duration, provider)})`,
              "{{gen_ai_provider_name}}/{{gen_ai_request_model}}",
            ],
          ],
        },
        {
          title: "Time to the first token, p95",
          description: "Of streams.",
          unit: "s",
          queries: [
            [
              quantile(
                0.95,
                "gen_ai_provider_name",
                "gen_ai_server_time_to_first_token_seconds",
                provider,
              ),
              "{{gen_ai_provider_name}}",
            ],
          ],
        },
        {
          title: "Time per further token, p95",
          description: "Of streams.",
          unit: "s",
          queries: [
            [
              quantile(
                0.95,
                "gen_ai_provider_name",
                "gen_ai_server_time_per_output_token_seconds",
                provider,
              ),
              "{{gen_ai_provider_name}}",
            ],
          ],
        },
      ],
    },
    {
      title: "Tokens and money",
      panels: [
        {
          title: "Tokens a second",
          description: "Read (input) and written (output).",
          unit: "short",
          queries: [
            [
              rateBy(
                "gen_ai_provider_name, gen_ai_token_type",
                "gen_ai_client_token_usage_sum",
                provider,
              ),
              "{{gen_ai_provider_name}} {{gen_ai_token_type}}",
            ],
          ],
        },
        {
          title: "US dollars an hour",
          description: "By the prices of models.",
          unit: "currencyUSD",
          queries: [
            [`${rateBy("provider", "gateway_cost_usd_total", ofPool)} * 3600`, "{{provider}}"],
          ],
        },
        {
          title: "Responses from the cache",
          description: "hit costs nothing; bypass may not be kept.",
          unit: "reqps",
          queries: [[rateBy("result", "gateway_cache_requests_total"), "{{result}}"]],
        },
      ],
    },
    {
      title: "Forecast",
      panels: [
        {
          title: "Calls a second, told and seen",
          description: "This hour and the next, by the history; and the tries of now.",
          unit: "reqps",
          queries: [
            [
              `max by (provider, hour) (polygate_forecast_calls_per_second{${chosen},${ofPool}})`,
              "{{provider}} {{hour}} hour",
            ],
            [
              rateBy("gen_ai_provider_name", `${duration}_count`, provider),
              "{{gen_ai_provider_name}} now",
            ],
          ],
        },
        {
          title: "Tokens a second",
          description: "That go with the calls of the forecast.",
          unit: "short",
          queries: [
            [
              `max by (provider, hour) (polygate_forecast_tokens_per_second{${chosen},${ofPool}})`,
              "{{provider}} {{hour}} hour",
            ],
          ],
        },
        {
          title: "What the forecast was wrong by",
          description: "As a share of the calls; the chosen method, and the naive one.",
          unit: "percentunit",
          queries: [
            [
              `max by (provider, method) (polygate_forecast_error_ratio{${chosen},${ofPool}})`,
              "{{provider}} {{method}}",
            ],
          ],
        },
      ],
    },
  ],
};
