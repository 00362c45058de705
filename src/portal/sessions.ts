/** Sessions: a credential, sealed in a text that only this gateway can read, for a while. */

import { hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { EncryptJWT, errors, jwtDecrypt } from "jose";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import type { EndedSession } from "./ended-sessions.ts";

/** Longest text of a session, in characters: browsers keep no more of a cookie with its name and terms. */
const textLengthMax = 3800;

/** A session that is good now. Times are of the wall's clock, in milliseconds. */
export interface Session {
  readonly id: string;
  /** Whose session it is; absent: it only marks the requests of a portal that asks for no credential. */
  readonly credential?: string;
  /** When it ends at the latest. */
  readonly endsWallMs: number;
  /** When it ends unless it is renewed before. */
  readonly idleWallMs: number;
}

/** What sessions are made with. */
export interface SessionTerms {
  /** What they are sealed with. */
  readonly secret: KeyObject | string;
  readonly maxMs: number;
  readonly idleMs: number;
}

/** Sessions that were ended before their time. */
interface Ended {
  end(session: EndedSession): void;
  has(id: string): boolean;
}

/** Those that any gateway has ended; neither rejects. */
export interface EndedAnywhere {
  end(session: EndedSession): Promise<void>;
  has(id: string): Promise<boolean>;
}

/** What sessions need besides. */
export interface SessionDeps {
  readonly clock: Pick<Clock, "wallMs">;
  readonly ended: Ended;
  /** Absent: sessions are this gateway's alone, or others are not told. */
  readonly anywhere?: EndedAnywhere | undefined;
}

/** Time between two looks at whether another gateway has ended the session of a call that goes on. */
const lookEveryMs = 5_000;

const audience = "polygate portal session";

/** Begins, reads, renews and ends sessions; keeps none but those that were ended. */
export class Sessions {
  readonly #terms: SessionTerms;
  readonly #deps: SessionDeps;
  readonly #key: Uint8Array;

  constructor(terms: SessionTerms, deps: SessionDeps) {
    this.#terms = terms;
    this.#deps = deps;
    // A key of its own: what is sealed here is no token, and no token opens as a session.
    this.#key = new Uint8Array(hkdfSync("sha256", terms.secret, "", audience, 32));
  }

  /** A new session with its text. Throws REQUEST_INVALID for a credential that is too long for one. */
  async begin(credential?: string): Promise<{ session: Session; text: string }> {
    const now = this.#deps.clock.wallMs();
    const { maxMs } = this.#terms;
    const id = randomBytes(32).toString("base64url");
    return await this.#seal({ id, credential, endsWallMs: now + maxMs });
  }

  /** The session of a text; undefined for one that is over, was ended, or was not sealed here. */
  async open(text: string | undefined): Promise<Session | undefined> {
    if (text === undefined || text.length > textLengthMax) return undefined;
    const { clock, ended } = this.#deps;
    try {
      const { payload } = await jwtDecrypt(text, this.#key, {
        audience,
        currentDate: new Date(clock.wallMs()),
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      });
      const { jti: id, exp, ends, key } = payload;
      if (id === undefined || exp === undefined || typeof ends !== "number") return undefined;
      const credential = typeof key === "string" ? { credential: key } : {};
      const session = { id, ...credential, endsWallMs: ends, idleWallMs: exp * 1000 };
      if (ended.has(id)) return undefined;
      // One without a credential opens nothing, and is ended by nobody.
      if (typeof key === "string") await this.#learn(session);
      return ended.has(id) ? undefined : session;
    } catch (thrown) {
      if (thrown instanceof errors.JOSEError) return undefined;
      throw thrown;
    }
  }

  /** The same session with its idle time begun anew. */
  async renew({
    id,
    credential,
    endsWallMs,
  }: Session): Promise<{ session: Session; text: string }> {
    return await this.#seal({ id, credential, endsWallMs });
  }

  /** No text of the session is good from now on, nor on other gateways once this resolves and they can be told. */
  async end({ id, endsWallMs }: Session): Promise<void> {
    const { ended, anywhere } = this.#deps;
    const session = { id, untilWallMs: endsWallMs };
    ended.end(session);
    await anywhere?.end(session);
  }

  /** Tells, whenever it is asked, whether a session that was good when its call came is over by now: calls may last longer. */
  follow(session: Session): () => boolean {
    const { clock, anywhere } = this.#deps;
    let lookedMs = clock.wallMs();
    return () => {
      const isOver = this.isOver(session);
      if (anywhere === undefined || isOver || clock.wallMs() - lookedMs < lookEveryMs)
        return isOver;
      lookedMs = clock.wallMs();
      void this.#learn(session);
      return false;
    };
  }

  /** Whether it is over, by what is known here. */
  isOver({ id, endsWallMs }: Session): boolean {
    const { clock, ended } = this.#deps;
    return ended.has(id) || endsWallMs <= clock.wallMs();
  }

  /** Looks whether another gateway has ended it, and remembers that. */
  async #learn({ id, endsWallMs }: Session): Promise<void> {
    const { ended, anywhere } = this.#deps;
    if ((await anywhere?.has(id)) === true) ended.end({ id, untilWallMs: endsWallMs });
  }

  async #seal({
    id,
    credential,
    endsWallMs,
  }: Omit<Session, "idleWallMs" | "credential"> & {
    readonly credential: string | undefined;
  }): Promise<{ session: Session; text: string }> {
    const untilMs = Math.min(endsWallMs, this.#deps.clock.wallMs() + this.#terms.idleMs);
    const exp = Math.floor(untilMs / 1000);
    const text = await new EncryptJWT({ ends: endsWallMs, ...(credential && { key: credential }) })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .setAudience(audience)
      .setJti(id)
      .setExpirationTime(exp)
      .encrypt(this.#key);
    if (text.length > textLengthMax) {
      throw fault("REQUEST_INVALID", "key: is too long for a session", {
        fields: [{ field: "key", description: "is too long for a session" }],
      });
    }
    const own = credential === undefined ? {} : { credential };
    return { session: { id, ...own, endsWallMs, idleWallMs: exp * 1000 }, text };
  }
}
