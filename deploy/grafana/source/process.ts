/** The board of the process: processor, memory, event loop, and what it had to drop. */

import { type BoardSpec, chosen, rateBy } from "./panels.ts";

const byInstance = (metric: string) => `max by (instance) (${metric}{${chosen}})`;

export const process: BoardSpec = {
  name: "process",
  title: "Process",
  description: "What a gateway takes of its machine, and what it had to drop.",
  rows: [
    {
      title: "Machine",
      panels: [
        {
          title: "Cores in use",
          description: "Of the processor.",
          unit: "short",
          queries: [[rateBy("instance", "process_cpu_seconds_total"), "{{instance}}"]],
        },
        {
          title: "Memory",
          description: "Resident, and V8's heap.",
          unit: "bytes",
          queries: [
            [byInstance("process_resident_memory_bytes"), "{{instance}} resident"],
            [byInstance("nodejs_heap_size_used_bytes"), "{{instance}} heap"],
          ],
        },
        {
          title: "Open files and connections",
          description: "Descriptors; the process may have process_max_fds.",
          unit: "short",
          queries: [[byInstance("process_open_fds"), "{{instance}}"]],
        },
      ],
    },
    {
      title: "Event loop",
      panels: [
        {
          title: "Lag, p99",
          description: "How late what is due runs.",
          unit: "s",
          queries: [[byInstance("nodejs_eventloop_lag_p99_seconds"), "{{instance}}"]],
        },
        {
          title: "Share of time in collections",
          description: "Of garbage.",
          unit: "percentunit",
          queries: [
            [rateBy("instance, kind", "nodejs_gc_duration_seconds_sum"), "{{instance}} {{kind}}"],
          ],
        },
        {
          title: "Uptime",
          description: "Since the process began.",
          unit: "s",
          queries: [[`time() - ${byInstance("process_start_time_seconds")}`, "{{instance}}"]],
        },
      ],
    },
    {
      title: "Dropped",
      panels: [
        {
          title: "Connections refused for what their clients did",
          description: "By the rule or limit that was broken.",
          unit: "cps",
          queries: [[rateBy("reason", "http_connection_failures_total"), "{{reason}}"]],
        },
        {
          title: "Records that are missing",
          description: "Of recent calls, history, usage and the audit log.",
          unit: "short",
          queries: [[rateBy("record", "gateway_records_lost_total"), "{{record}}"]],
        },
        {
          title: "Notices of alerts",
          description: "Messages to webhooks, by result.",
          unit: "short",
          queries: [
            [
              `sum by (webhook, result) (gateway_alert_notices_total{${chosen}})`,
              "{{webhook}} {{result}}",
            ],
          ],
        },
      ],
    },
  ],
};
