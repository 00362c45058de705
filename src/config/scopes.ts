/** Rights that callers may hold, as settings name them. */

import { z } from "zod";

/** Rights beyond calling, and `batch`, which is the duty to come last. */
export const scopes = ["admin", "route", "priority", "batch"] as const;

/** A list of them. */
export const scopeList = () => z.array(z.enum(scopes)).default([]);

/** Those of one caller. */
export const callerScopes = () =>
  scopeList().describe("Rights beyond calling; with `batch` calls come last instead.");
