/** Watches the EndpointSlices of one service: lists them, then hears of each change as it happens. */

import { readFile } from "node:fs/promises";
import type { KubernetesSettings } from "#backends/discovery-settings.ts";
import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { HttpClient, type IncomingResponse } from "#http-client/client.ts";
import type { Answer, Resolve } from "./discovery.ts";
import {
  type EndpointSlice,
  fieldsOf,
  itemsOf,
  placesOf,
  sliceOf,
  textOf,
} from "./endpoint-slices.ts";
import { jsonLines } from "./json-lines.ts";

/** What watching needs of its surroundings. */
export interface WatchDeps {
  readonly clock: Clock;
  readonly rng: Rng;
}

/** Slices that are asked for at one time, and the bytes of such a page. */
const pageSize = 50;
const pageBytesMax = 64 * 1024 * 1024;
/** Slices of one service; a slice has up to 1,000 endpoints. */
const slicesMax = 1_000;
/** One change. Kubernetes keeps no object of more than 1.5 MiB. */
const lineBytesMax = 4 * 1024 * 1024;
/** Bytes of a response that says why something was refused. */
const refusalBytesMax = 64 * 1024;
const connectTimeoutMs = 5_000;
const responseTimeoutMs = 10_000;
/**
 * Time after which the API ends a watch, to be asked anew, up to as much again by chance; and how much
 * later it is given up, because a connection that is dead says nothing.
 */
const watchSeconds = 60;
const watchSlackMs = 10_000;
/** Least time between two lists, for watches that end at once. */
const listPauseMs = 1_000;
/** A token is read again when it is older: those of pods are replaced within the hour. */
const tokenMs = 60_000;

const gone = 410;

/** A watch cannot go on from where it was: everything has to be listed again. */
class GoneError extends Error {
  override readonly name = "GoneError";
}

/** What the API says of a failure (a Status), on one line. */
function refusal(status: unknown, code: number): Error {
  const { message } = fieldsOf(status);
  const words = textOf(message).slice(0, 300);
  return new Error(`the API of Kubernetes answered ${code}${words === "" ? "" : `: ${words}`}`);
}

function parsed(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

/** The slices of one service, kept as they are now for as long as its signal lets it. */
class SliceWatch {
  readonly #settings: KubernetesSettings;
  readonly #deps: WatchDeps;
  readonly #slices = new Map<string, EndpointSlice>();
  #token: { readonly text: string; readonly readMs: number } | undefined;
  /** Where the next watch goes on. */
  #version = "";
  #listedMs = Number.NEGATIVE_INFINITY;
  #hasChanged = false;
  #onChange: (() => void) | undefined;
  #isRunning = false;
  #failure: { readonly cause: unknown } | undefined;

  constructor(settings: KubernetesSettings, deps: WatchDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** The places after the next change, or after the first list. Rejects with what keeps it from knowing them. */
  async next(signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    if (!this.#isRunning) void this.#runUntilFailure(signal);
    while (!this.#hasChanged) {
      if (this.#failure !== undefined) throw this.#failure.cause;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      await promise;
    }
    this.#hasChanged = false;
    const places = placesOf([...this.#slices.values()], this.#settings);
    return { places, ttlMs: 0, isWhole: true };
  }

  #changed(): void {
    this.#hasChanged = true;
    this.#onChange?.();
  }

  async #runUntilFailure(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    this.#failure = undefined;
    try {
      for (;;) await this.#listAndWatch(signal);
    } catch (cause) {
      this.#failure = { cause };
    }
    this.#isRunning = false;
    this.#onChange?.();
  }

  /** Rejects when nothing can be listed. What breaks afterwards is listed again: that tells whether the API is there. */
  async #listAndWatch(signal: AbortSignal): Promise<void> {
    const waitMs = this.#listedMs + listPauseMs - this.#deps.clock.nowMs();
    if (waitMs > 0) await this.#deps.clock.sleep(waitMs, signal);
    // A connection anew, with the authorities as they are now.
    await using http = await this.#connect();
    let isListed = false;
    try {
      await this.#list(http, signal);
      isListed = true;
      while (await this.#watch(http, signal));
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isListed && !(thrown instanceof GoneError)) throw thrown;
    }
  }

  async #connect(): Promise<HttpClient> {
    const { origin, caFile } = this.#settings.api;
    const trust = caFile === undefined ? {} : { ca: await readFile(caFile) };
    return new HttpClient(origin, { connectionsMax: 2, connectTimeoutMs, ...trust });
  }

  async #authorization(): Promise<Readonly<Record<string, string>>> {
    const { tokenFile } = this.#settings.api;
    if (tokenFile === undefined) return {};
    const nowMs = this.#deps.clock.nowMs();
    if (this.#token === undefined || nowMs - this.#token.readMs >= tokenMs) {
      const text = (await readFile(tokenFile, "utf8")).trim();
      if (!/^[\x21-\x7e]+$/.test(text)) throw new Error(`${tokenFile} holds no token`);
      this.#token = { text, readMs: nowMs };
    }
    return { authorization: `Bearer ${this.#token.text}` };
  }

  async #get(
    http: HttpClient,
    query: Readonly<Record<string, string>>,
    { signal, idleTimeoutMs }: { readonly signal: AbortSignal; readonly idleTimeoutMs: number },
  ): Promise<IncomingResponse> {
    const { service, namespace } = this.#settings;
    const parameters = new URLSearchParams({
      labelSelector: `kubernetes.io/service-name=${service}`,
      ...query,
    });
    const response = await http.send({
      method: "GET",
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${parameters}`,
      headers: { accept: "application/json", ...(await this.#authorization()) },
      signal,
      headTimeoutMs: responseTimeoutMs,
      idleTimeoutMs,
    });
    if (response.status === 200) return response;
    const status = parsed(await response.bytes(refusalBytesMax));
    // A token may have been replaced before its time.
    if (response.status === 401) this.#token = undefined;
    if (response.status === gone) throw new GoneError("the version is too old");
    throw refusal(status, response.status);
  }

  /** Takes over all slices as they are now. */
  async #list(http: HttpClient, signal: AbortSignal): Promise<void> {
    this.#listedMs = this.#deps.clock.nowMs();
    const listed = new Map<string, EndpointSlice>();
    let version = "";
    let rest = "";
    do {
      const query = { limit: String(pageSize), ...(rest === "" ? {} : { continue: rest }) };
      const response = await this.#get(http, query, { signal, idleTimeoutMs: responseTimeoutMs });
      const bytes = await response.bytes(pageBytesMax);
      const page = fieldsOf(parsed(bytes));
      const metadata = fieldsOf(page.metadata);
      version = textOf(metadata.resourceVersion);
      if (version === "") throw new Error("the API of Kubernetes answered with no list");
      for (const item of itemsOf(page.items)) this.#keep(listed, item);
      rest = textOf(metadata.continue);
    } while (rest !== "");
    this.#slices.clear();
    for (const [name, slice] of listed) this.#slices.set(name, slice);
    this.#version = version;
    this.#changed();
  }

  #keep(slices: Map<string, EndpointSlice>, item: unknown): void {
    const slice = sliceOf(item);
    if (slice === undefined) return;
    slices.set(slice.name, slice);
    if (slices.size > slicesMax) throw new Error(`a service has more than ${slicesMax} slices`);
  }

  /** Hears of changes until the API ends the watch; false when that was too soon to be asked anew. */
  async #watch(http: HttpClient, signal: AbortSignal): Promise<boolean> {
    const { clock, rng } = this.#deps;
    const seconds = Math.round(watchSeconds * (1 + rng.next()));
    const query = {
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: this.#version,
      timeoutSeconds: String(seconds),
    };
    const idleTimeoutMs = 1_000 * seconds + watchSlackMs;
    const begunMs = clock.nowMs();
    const response = await this.#get(http, query, { signal, idleTimeoutMs });
    for await (const event of jsonLines(response.chunks(), lineBytesMax)) this.#take(event);
    return clock.nowMs() - begunMs >= listPauseMs;
  }

  /** Takes one event over. Throws for one that says that the watch is over. */
  #take(event: unknown): void {
    const { type, object } = fieldsOf(event);
    const { metadata, code } = fieldsOf(object);
    if (type === "ERROR") {
      if (code === gone) throw new GoneError("the version is too old");
      throw refusal(object, Number(code));
    }
    const { name, resourceVersion } = fieldsOf(metadata);
    const version = textOf(resourceVersion);
    if (version !== "") this.#version = version;
    if (type === "ADDED" || type === "MODIFIED") this.#keep(this.#slices, object);
    else if (type === "DELETED") this.#slices.delete(textOf(name));
    else return;
    this.#changed();
  }
}

/** Yields the addresses of a service: at first those that are there, then with each change of them. */
export function kubernetesResolve(settings: KubernetesSettings, deps: WatchDeps): Resolve {
  const watch = new SliceWatch(settings, deps);
  return (signal) => watch.next(signal);
}
