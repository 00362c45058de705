/** The models of a repository by name and alias: those that were there at the start, and what joins and leaves. */

import type { ModelStatus } from "#backends/backend.ts";
import type { Rng } from "#core/rng.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { createAliasTable } from "./alias-table.ts";
import { HostedModel } from "./hosted-model.ts";
import type { ModelRepository, Stray } from "./repository.ts";
import type { ServingOpener } from "./serving.ts";

/** What models are hosted with. */
export interface HostedModelsDeps {
  readonly repository: ModelRepository;
  readonly opener: ServingOpener;
  readonly rng: Rng;
  onChange(status: ModelStatus): void;
  onStray(stray: Stray): void;
}

/** Hosts models. */
export class HostedModels {
  readonly #deps: HostedModelsDeps;
  readonly #models = new Map<string, HostedModel>();
  readonly #aliases = createAliasTable((name) => this.#models.has(name));

  constructor(deps: HostedModelsDeps) {
    this.#deps = deps;
  }

  /** Every model, sorted by name. */
  get statuses(): readonly ModelStatus[] {
    return Array.from(this.#models.values(), ({ status }) => status).sort(byName);
  }

  /** The model of this name or alias. */
  find(nameOrAlias: string): ModelStatus | undefined {
    const name = this.#models.has(nameOrAlias) ? nameOrAlias : this.#aliases.find(nameOrAlias);
    return name === undefined ? undefined : this.get(name).status;
  }

  /** The model of this name. Throws MODEL_UNKNOWN. */
  get(name: string): HostedModel {
    const model = this.#models.get(name);
    if (model === undefined) throw fault("MODEL_UNKNOWN", `no model named "${name}"`);
    return model;
  }

  /**
   * Hosts the models of the start and begins to load them; what is returned resolves when each has
   * been loaded or has failed.
   */
  async open(names: readonly string[]): Promise<{ readonly loaded: Promise<unknown> }> {
    for (const name of names) this.#host(name);
    // One after the other: of two models that want the same alias the first by name has it.
    for (const model of this.#models.values()) await model.announce();
    const loads = this.#models.values().map((model) => model.load(""));
    return { loaded: Promise.allSettled(loads) };
  }

  /** Loads a model, also one that was put into the repository after the start. */
  async load(name: string, version: string): Promise<ModelStatus> {
    if (!this.#models.has(name)) await this.#adopt(name);
    return await after(this.get(name), (model) => model.load(version));
  }

  async unload(name: string): Promise<ModelStatus> {
    return await after(this.get(name), (model) => model.unload());
  }

  /** Reads a model anew. One that is no longer in the repository is forgotten: MODEL_UNKNOWN. */
  async reload(name: string): Promise<ModelStatus> {
    try {
      return await after(this.get(name), (model) => model.reload());
    } catch (error) {
      const isGone = reasonOf(faultFrom(error)) === "MODEL_UNKNOWN" && this.#models.has(name);
      if (!isGone || (await this.#deps.repository.has(name))) throw error;
      await this.#forget(name);
      const gone = `model "${name}" is no longer in the repository, and was unloaded`;
      throw fault("MODEL_UNKNOWN", gone);
    }
  }

  /** Does what a change in the repository asks for: hosts what is new, loads what has changed, forgets what is gone. */
  async follow(name: string): Promise<void> {
    if (!(await this.#deps.repository.has(name))) {
      await this.#forget(name);
      return;
    }
    if (!this.#models.has(name)) {
      const owner = this.#aliases.find(name);
      if (owner !== undefined) {
        const problem = `its name is an alias of model "${owner}": rename it`;
        this.#deps.onStray({ name, problem });
        return;
      }
      await this.#host(name).announce();
    }
    await this.get(name).refresh();
  }

  #host(name: string): HostedModel {
    const { repository, opener, rng, onChange } = this.#deps;
    const deps = { repository, aliases: this.#aliases, rng, onChange, openServing: opener.open };
    const model = new HostedModel(name, deps);
    this.#models.set(name, model);
    return model;
  }

  async #adopt(name: string): Promise<void> {
    await this.#deps.repository.read(name);
    const owner = this.#aliases.find(name);
    if (owner !== undefined) {
      throw fault("MODEL_LOAD_FAILED", `the name "${name}" is an alias of model "${owner}"`);
    }
    if (!this.#models.has(name)) this.#host(name);
  }

  /** Unloads a model whose folder is gone. */
  async #forget(name: string): Promise<void> {
    await this.#models.get(name)?.unload();
    this.#models.delete(name);
    this.#aliases.claim(name, []);
  }
}

/** A model as it is once something has been done with it. */
async function after(
  model: HostedModel,
  change: (model: HostedModel) => Promise<void>,
): Promise<ModelStatus> {
  await change(model);
  return model.status;
}

function byName(a: ModelStatus, b: ModelStatus): number {
  return a.name < b.name ? -1 : 1;
}
