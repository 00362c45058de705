/** Which model an alias means; a name or alias belongs to one model only. */

import { fault } from "#errors/fault.ts";

/** Aliases in use. */
export interface AliasTable {
  /** The model that has claimed the alias. */
  find(alias: string): string | undefined;
  /**
   * Gives a model these aliases instead of those it had. Throws MODEL_LOAD_FAILED, and changes
   * nothing, when one is taken.
   */
  claim(model: string, aliases: readonly string[]): void;
}

/** An empty table; `isModel` tells the names that no alias may shadow. */
export function createAliasTable(isModel: (name: string) => boolean): AliasTable {
  const claims = new Map<string, readonly string[]>();
  const find = (alias: string) =>
    claims.entries().find(([, aliases]) => aliases.includes(alias))?.[0];
  return {
    find,
    claim(model, aliases) {
      for (const alias of aliases) {
        const owner = isModel(alias) ? alias : find(alias);
        if (owner === undefined || owner === model) continue;
        const problem = `"${alias}" is taken by model "${owner}"`;
        throw fault("MODEL_LOAD_FAILED", `model.yaml: aliases: ${problem}`);
      }
      claims.set(model, aliases);
    },
  };
}
