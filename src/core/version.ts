/** The version of this package. */

import packageJson from "#package.json" with { type: "json" };

/** Such as 0.1.0. */
export const packageVersion: string = packageJson.version;
