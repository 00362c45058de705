/** Whose trace context counts. */

import { z } from "zod";

/** Everybody's, that of trusted proxies, or nobody's. */
export const traceTrust = () => z.enum(["all", "proxies", "none"]);
