/** A token server on a real port that checks assertions of one service account (RFC 7523), as Google's does. */

import { generateKeyPairSync, verify } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A running token server. */
export interface TokenDouble extends AsyncDisposable {
  /** The account's key file. */
  readonly keyFile: string;
  /** Text of the private key that no log may have. */
  readonly privateKey: string;
  /** Tokens that were given, the last one last. */
  readonly given: string[];
  /** Claims of the assertions that were good. */
  readonly claims: Record<string, unknown>[];
  /** What the next calls meet instead: a status each. */
  readonly faults: number[];
  /** What is given in place of a token; a token of its own each time when absent. */
  token: string | undefined;
  /** Seconds that tokens hold. */
  expiresIn: number;
}

/** Starts a server that knows one account, whose key is made anew. */
export async function startTokens(): Promise<TokenDouble> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2_048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const given: string[] = [];
  const claims: Record<string, unknown>[] = [];
  const faults: number[] = [];

  /** The claims of a good assertion. */
  const claimsOf = (form: URLSearchParams): Record<string, unknown> | undefined => {
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") return undefined;
    const [head = "", body = "", signature = ""] = (form.get("assertion") ?? "").split(".");
    const isSigned = verify(
      "sha256",
      Buffer.from(`${head}.${body}`),
      publicKey,
      Buffer.from(signature, "base64url"),
    );
    const { alg, kid } = JSON.parse(Buffer.from(head, "base64url").toString());
    const isGood = isSigned && alg === "RS256" && kid === "key-1";
    return isGood ? JSON.parse(Buffer.from(body, "base64url").toString()) : undefined;
  };

  const server = createServer(async (request, response) => {
    const told = claimsOf(new URLSearchParams(await text(request)));
    const status = faults.shift() ?? (told === undefined ? 400 : 200);
    response.writeHead(status, { "content-type": "application/json" });
    if (status !== 200 || told === undefined) {
      response.end(JSON.stringify({ error: "invalid_grant", error_description: "Bad assertion" }));
      return;
    }
    claims.push(told);
    given.push(double.token ?? `ya29.token-${given.length + 1}`);
    const access_token = given.at(-1);
    response.end(
      JSON.stringify({ access_token, expires_in: double.expiresIn, token_type: "Bearer" }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const double: TokenDouble = {
    keyFile: JSON.stringify({
      type: "service_account",
      project_id: "project-of-file",
      private_key_id: "key-1",
      private_key: privateKey,
      client_email: "gateway@project.iam.gserviceaccount.com",
      token_uri: `http://127.0.0.1:${port}/token`,
    }),
    privateKey,
    given,
    claims,
    faults,
    token: undefined,
    expiresIn: 3_600,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return double;
}
