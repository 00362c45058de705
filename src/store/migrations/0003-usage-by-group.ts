/** Migration 3: what a group spent is found without a look at what all others did; a file of SQLite takes it as well. */

export const sql = `
CREATE INDEX polygate_usage_group ON polygate_usage (group_name, start_ms);`;
