/** Migration 1: the table of the history. */

// "C" compares bytes, whichever library and version of it the server has: the order of pages.
export const sql = `
CREATE TABLE polygate_history (
  step_ms integer NOT NULL,
  start_ms bigint NOT NULL,
  provider text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  instance text COLLATE "C" NOT NULL,
  latencies text NOT NULL,
  requests bigint NOT NULL,
  caller_errors bigint NOT NULL,
  upstream_errors bigint NOT NULL,
  gateway_errors bigint NOT NULL,
  latency_count bigint NOT NULL,
  latency_ms_sum double precision NOT NULL,
  first_count bigint NOT NULL,
  first_ms_sum double precision NOT NULL,
  tokens double precision NOT NULL,
  cost double precision NOT NULL,
  PRIMARY KEY (step_ms, start_ms, provider, model, instance)
) PARTITION BY RANGE (step_ms, start_ms)`;
