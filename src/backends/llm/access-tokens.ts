/** Access tokens of a service account: one for all calls, kept until shortly before its end. */

import { abortable } from "#core/abortable.ts";
import type { Clock } from "#core/clock.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { fault } from "#errors/fault.ts";
import { HttpClient } from "#http-client/client.ts";
import { assertionOf, type ServiceAccount } from "./service-account.ts";

/** A token is not used in its last minutes, nor in the second half of a shorter life. */
const spareMs = 300_000;
/** What no one says the life of is kept so long, and nothing for longer than a day. */
const lifeSecondsDefault = 300;
const lifeSecondsMax = 86_400;
const exchangeMs = 10_000;
const responseBytesMax = 64 * 1024;
const tokenBytesMax = 16 * 1024;
const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";

interface Kept {
  readonly token: string;
  readonly untilMs: number;
}

/** Gives tokens; calls that come while one is asked for wait for the same one. */
export class AccessTokens {
  readonly #account: ServiceAccount;
  readonly #clock: Clock;
  #kept: Kept | undefined;
  #asking: Promise<string> | undefined;

  constructor(account: ServiceAccount, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
  }

  /** A token that holds. Rejects with BACKEND_CREDENTIAL, BACKEND_LOST, or the signal's reason. */
  async get(signal: AbortSignal): Promise<string> {
    if (this.#kept !== undefined && this.#clock.nowMs() < this.#kept.untilMs) {
      return this.#kept.token;
    }
    this.#asking ??= this.#exchange().finally(() => {
      this.#asking = undefined;
    });
    // Others wait for it as well: who leaves does not end it.
    return await abortable(this.#asking, signal);
  }

  /** This token was refused: it is not given again. */
  refused(token: string): void {
    if (this.#kept?.token === token) this.#kept = undefined;
  }

  async #exchange(): Promise<string> {
    const { origin, pathname, search } = new URL(this.#account.tokenUri);
    const startedMs = this.#clock.nowMs();
    await using http = new HttpClient(origin, { connectionsMax: 1, connectTimeoutMs: exchangeMs });
    const told = await this.#ask(http, pathname + search);
    const token = told.text("access_token");
    if (!/^[\x21-\x7e]+$/.test(token) || token.length > tokenBytesMax) {
      throw fault("BACKEND_CREDENTIAL", "the service account was given no access token");
    }
    const said = told.number("expires_in") ?? lifeSecondsDefault;
    const lifeMs = 1_000 * Math.min(lifeSecondsMax, Math.max(0, said));
    const untilMs = startedMs + lifeMs - Math.min(spareMs, lifeMs / 2);
    this.#kept = { token, untilMs };
    return token;
  }

  async #ask(http: HttpClient, path: string): Promise<LooseObject> {
    const assertion = assertionOf(this.#account, this.#clock.wallMs());
    const form = new URLSearchParams({ grant_type: grantType, assertion });
    let status: number;
    let bytes: Uint8Array | undefined;
    try {
      const response = await http.send({
        method: "POST",
        path,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: form.toString(),
        signal: AbortSignal.timeout(exchangeMs),
        headTimeoutMs: 0,
        idleTimeoutMs: exchangeMs,
      });
      ({ status } = response);
      bytes = await response.bytes(responseBytesMax);
    } catch (cause) {
      throw fault("BACKEND_LOST", "the provider's token server cannot be reached", { cause });
    }
    if (status >= 500 || status === 429) {
      throw fault("BACKEND_LOST", `the provider's token server answered ${status}`);
    }
    // Its words may repeat the assertion: they are not passed on.
    if (status !== 200 || bytes === undefined) {
      throw fault("BACKEND_CREDENTIAL", "the service account was refused an access token");
    }
    return new LooseObject(jsonOf(bytes));
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
