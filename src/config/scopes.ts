/** Rights that callers may hold, as settings name them. */

import { z } from "zod";

/** Rights beyond calling. */
export const scopes = ["admin", "route", "priority"] as const;

/** A list of them. */
export const scopeList = () => z.array(z.enum(scopes)).default([]);
