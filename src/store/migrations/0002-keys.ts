/** Migration 2: keys and what was spent; a file of SQLite takes it as well. */

// `change` grows with each change of any key, in the order in which they are committed: whoever
// changes one holds the row of polygate_key_state until then.
export const sql = `
CREATE TABLE polygate_key_state (change bigint NOT NULL);
INSERT INTO polygate_key_state VALUES (0);
CREATE TABLE polygate_keys (
  id text PRIMARY KEY,
  name text NOT NULL,
  digest text NOT NULL UNIQUE,
  prefix text NOT NULL,
  previous_digest text,
  previous_until_ms bigint,
  rights text NOT NULL,
  group_name text NOT NULL,
  created_ms bigint NOT NULL,
  created_by text NOT NULL,
  rotated_ms bigint,
  expires_ms bigint,
  used_ms bigint,
  revoked_ms bigint,
  sequence bigint NOT NULL UNIQUE,
  change bigint NOT NULL UNIQUE
);
CREATE UNIQUE INDEX polygate_keys_name ON polygate_keys (name) WHERE revoked_ms IS NULL;
CREATE INDEX polygate_keys_previous ON polygate_keys (previous_digest);
CREATE TABLE polygate_usage (
  start_ms bigint NOT NULL,
  spender text NOT NULL,
  instance text NOT NULL,
  key_name text NOT NULL,
  group_name text NOT NULL,
  model text NOT NULL,
  tags text NOT NULL,
  requests double precision NOT NULL,
  prompt_tokens double precision NOT NULL,
  completion_tokens double precision NOT NULL,
  cache_read_tokens double precision NOT NULL,
  reasoning_tokens double precision NOT NULL,
  micro_usd double precision NOT NULL,
  PRIMARY KEY (start_ms, spender, instance)
);
CREATE INDEX polygate_usage_key ON polygate_usage (key_name, start_ms);`;
