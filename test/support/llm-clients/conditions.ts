/**
 * Packages have a condition `source` of their own, which means TypeScript that Node does not run:
 * inside of node_modules nobody's sources are asked for. Import it ahead of such packages.
 */

import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    if (context.parentURL?.includes("/node_modules/") !== true) return next(specifier, context);
    const conditions = context.conditions.filter((condition) => condition !== "source");
    return next(specifier, { ...context, conditions });
  },
});
