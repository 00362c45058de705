/** The program of a thread that serves calls: prepares the thread, and loads the rest. */

import { enableCompileCache } from "node:module";

// It only helps modules that are loaded later: hence the dynamic import.
enableCompileCache();
await import("./serve-calls.ts");
