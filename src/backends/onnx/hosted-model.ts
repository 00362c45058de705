/** The life of one model: what it serves, and how that is loaded, replaced and dropped. */

import type { ConnectError } from "@connectrpc/connect";
import type { ModelStatus } from "#backends/backend.ts";
import { abortable } from "#core/abortable.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { openDecoder } from "#inference/image.ts";
import type { ModelSpec } from "#inference/model-spec.ts";
import { imageShape } from "#inference/pixels.ts";
import type { AliasTable } from "./alias-table.ts";
import type { SessionRequest, SessionSignature } from "./messages.ts";
import { plainSpec } from "./model-yaml.ts";
import type { ModelRepository } from "./repository.ts";
import { isBatchable } from "./rows.ts";
import { signatureProblems } from "./signature-check.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** What serves a model now. */
export interface Serving {
  readonly version: string;
  /** Key of its session in the pool; never used again. */
  readonly key: string;
  readonly spec: ModelSpec;
  readonly signature: SessionSignature;
  /** Most rows to run as one. */
  readonly rowsMax: number;
}

/** What a model's life depends on. */
export interface HostedModelDeps {
  readonly repository: ModelRepository;
  readonly pool: WorkerPool;
  readonly aliases: AliasTable;
  /** Notified when the model's state or the version that serves has changed. */
  onChange(status: ModelStatus): void;
}

type State =
  | { readonly kind: "loading" }
  | { readonly kind: "available"; readonly serving: Serving }
  | { readonly kind: "unloaded" }
  | { readonly kind: "failed"; readonly cause: ConnectError };

/** A model of the repository. Changes happen one after the other, in the order they were asked for. */
export class HostedModel {
  readonly #name: string;
  readonly #deps: HostedModelDeps;
  #state: State = { kind: "loading" };
  #spec: ModelSpec = plainSpec;
  #signature: SessionSignature = { inputs: [], outputs: [] };
  #sessions = 0;
  #changes: Promise<void> = Promise.resolve();

  constructor(name: string, deps: HostedModelDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  /** As it is now. */
  get status(): ModelStatus {
    const state = this.#state;
    return {
      name: this.#name,
      state: state.kind,
      version: state.kind === "available" ? state.serving.version : "",
      ...(state.kind === "failed" ? { error: state.cause.rawMessage } : {}),
      ...this.#signature,
      spec: this.#spec,
    };
  }

  /**
   * What serves; waits for a load in progress when nothing does. Throws MODEL_NOT_LOADED,
   * MODEL_LOAD_FAILED or SHUTTING_DOWN; rejects with the signal's reason when that aborts first.
   */
  async serving(signal: AbortSignal): Promise<Serving> {
    if (this.#state.kind === "loading") await abortable(this.#changes, signal);
    const state = this.#state;
    if (state.kind === "available") return state.serving;
    if (state.kind !== "failed") {
      throw fault("MODEL_NOT_LOADED", `model "${this.#name}" is not loaded`);
    }
    if (reasonOf(state.cause) === "SHUTTING_DOWN") throw state.cause;
    const problem = `model "${this.#name}" failed to load: ${state.cause.rawMessage}`;
    throw fault("MODEL_LOAD_FAILED", problem, { cause: state.cause });
  }

  /** Reads model.yaml, so that aliases are known before anything is loaded; never rejects. */
  announce(): Promise<void> {
    return this.#change(async () => {
      try {
        const { spec } = await this.#deps.repository.read(this.#name);
        this.#deps.aliases.claim(this.#name, spec.aliases);
        this.#spec = spec;
      } catch (error) {
        this.#become(failed(error));
      }
    });
  }

  /** Serves `version`, or the newest when empty; what serves until then goes on when it fails. */
  load(version: string): Promise<void> {
    return this.#change(() => this.#bring(version, false));
  }

  /** Serves the newest version as its files are now; what serves until then goes on when it fails. */
  reload(): Promise<void> {
    return this.#change(() => this.#bring("", true));
  }

  /** Serves nothing; resolves when the active calls have ended and the memory is free. */
  unload(): Promise<void> {
    return this.#change(async () => {
      const before = this.#state;
      this.#become({ kind: "unloaded" });
      if (before.kind === "available") await this.#deps.pool.unload(before.serving.key);
    });
  }

  #become(state: State): void {
    const before = this.status;
    this.#state = state;
    const { status } = this;
    const changed = status.state !== before.state || status.version !== before.version;
    if (changed) this.#deps.onChange(status);
  }

  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => undefined);
    return done;
  }

  async #bring(version: string, again: boolean): Promise<void> {
    const { repository, aliases, pool } = this.#deps;
    const before = this.#state;
    try {
      const { spec, versions } = await repository.read(this.#name);
      const chosen = version === "" ? versions.at(-1) : version;
      if (chosen === undefined || !versions.includes(chosen)) {
        throw fault("MODEL_UNKNOWN", `model "${this.#name}" has no version "${version}"`);
      }
      if (before.kind === "available" && before.serving.version === chosen && !again) return;
      aliases.claim(this.#name, spec.aliases);
      if (before.kind !== "available") {
        this.#become({ kind: "loading" });
        this.#spec = spec;
      }
      const serving = await this.#open(spec, chosen);
      this.#spec = spec;
      this.#signature = serving.signature;
      this.#become({ kind: "available", serving });
      if (before.kind === "available") await pool.unload(before.serving.key);
    } catch (error) {
      aliases.claim(this.#name, this.#spec.aliases);
      const asked = before.kind !== "loading" && reasonOf(faultFrom(error)) === "MODEL_UNKNOWN";
      this.#become(before.kind === "available" || asked ? before : failed(error));
      throw error;
    }
  }

  async #open(spec: ModelSpec, version: string): Promise<Serving> {
    const { repository, pool } = this.#deps;
    this.#sessions += 1;
    const key = `${this.#name}/${version}#${this.#sessions}`;
    const { warmUpRuns, image } = spec;
    const file = repository.file(this.#name, version);
    const request: SessionRequest = { key, file, warmUpRuns };
    const signature = await pool.load(
      image === undefined ? request : { ...request, imageShape: imageShape(image) },
    );
    const problems = signatureProblems(spec, signature);
    if (problems.length > 0) {
      await pool.unload(key);
      throw fault("MODEL_LOAD_FAILED", `model.yaml: ${problems.join("; ")}`);
    }
    if (image !== undefined) await openDecoder();
    const batchable = isBatchable([...signature.inputs, ...signature.outputs]);
    return { version, key, spec, signature, rowsMax: batchable ? spec.batchMax : 1 };
  }
}

function failed(error: unknown): State {
  return { kind: "failed", cause: faultFrom(error) };
}
