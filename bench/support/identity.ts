/** The same gateway by how it knows its callers and where its limits are: a key or a token, memory or a Redis. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jwkSet, tokenOf, tokenSecret } from "../../test/support/tokens.ts";
import type { ChainVariant } from "./chain-variant.ts";
import type { Contender, Contest } from "./contest.ts";
import type { Call, Pressure } from "./load.ts";
import { folder } from "./programs.ts";
import { nodeServer } from "./server-process.ts";

/** Longer than any run. */
const tokenSeconds = 7 * 86_400;

/** A kind of caller: what it sends, and how the gateway knows it. */
interface Caller {
  readonly name: string;
  readonly call: Partial<Call>;
  readonly variant: ChainVariant;
}

/** Callers with a token of this algorithm. */
async function withToken(
  algorithm: "HS256" | "ES256",
  tokens: NonNullable<ChainVariant["tokens"]>,
  fields: Call["fields"],
): Promise<Caller> {
  const exp = Math.floor(Date.now() / 1_000) + tokenSeconds;
  const token = await tokenOf({ algorithm, claims: { exp } });
  const others = fields.filter(([name]) => name !== "authorization");
  return {
    name: `JWT by ${algorithm}`,
    call: { fields: [...others, ["authorization", `Bearer ${token}`]] },
    variant: { tokens },
  };
}

function contender(
  { name, call, variant }: Caller,
  place: string,
  more: ChainVariant = {},
): Contender {
  return {
    name: `${name}, limits in ${place}`,
    command: nodeServer("polygate", JSON.stringify({ ...variant, ...more })),
    call,
  };
}

/** What is compared: `call` carries the key; without a Redis limits are in memory alone. */
export async function identityContest(
  call: Call,
  pressure: Pressure,
  redisPort: number | undefined,
): Promise<Contest> {
  const setFile = join(folder, "jwks.json");
  writeFileSync(setFile, jwkSet(["ES256"]));
  const key: Caller = { name: "key", call: {}, variant: {} };
  const secret = await withToken("HS256", { secret: tokenSecret }, call.fields);
  const pair = await withToken("ES256", { setFile }, call.fields);
  return {
    title: "gRPC unary by caller and limits",
    note: [
      "The full chain each time. One client, whose token is verified once and then remembered, as its key is; of the limits one",
      "bucket is asked, which never runs dry. A gateway whose Redis fails would fail the run.",
    ].join("\n"),
    contenders: [
      ...[key, secret, pair].map((caller) => contender(caller, "memory")),
      ...(redisPort === undefined
        ? []
        : [key, pair].map((caller) => contender(caller, "Redis", { redisPort }))),
    ],
    loads: [{ name: "128 in flight", call, pressure }],
  };
}
