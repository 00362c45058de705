/** The matrix: each client in each way, in front of providers of each dialect. `npm run matrix` prints it. */

import { describe } from "vitest";
import { clients } from "../support/llm-clients/clients.ts";
import { matrixOf } from "../support/llm-clients/matrix-tests.ts";
import { missingForPython, pythonClients } from "../support/llm-clients/python.ts";
import { describeWith } from "../support/needs.ts";

describe("in TypeScript", () => matrixOf(clients));

describeWith(missingForPython)("in Python", () => matrixOf(pythonClients));
