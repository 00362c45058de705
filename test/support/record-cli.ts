/** Writes the recordings of docs/cli.md anew: `npm run record`. */

import { writeFileSync } from "node:fs";
import { recorded, recordedPage } from "./recordings.ts";

writeFileSync(recordedPage, await recorded());
