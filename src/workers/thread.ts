/** The program of a thread that serves calls: prepares the thread, and loads the rest. */

import { enableCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

// It only helps modules that are loaded later: hence the dynamic import.
enableCompileCache();
const { serveCalls } = await import("./serve-calls.ts");
if (parentPort === null) throw new Error("this is the program of a thread");
serveCalls(parentPort, workerData);
