/** The tests that concern one room, named by MUTATION_ROOM, as the mutation run needs them. */

import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";
import { testsOfRoom } from "./rooms.ts";

const include = [...(testsOfRoom[process.env.MUTATION_ROOM ?? ""] ?? [])];

export default defineConfig({ ...base, test: { ...base.test, include } });
