/** The life of one model: which versions it serves, and how those are loaded, replaced and dropped. */

import type { ConnectError } from "@connectrpc/connect";
import type { KeepableVersion, ModelStatus, VersionStatus } from "#backends/backend.ts";
import { abortable } from "#core/abortable.ts";
import type { Rng } from "#core/rng.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { AliasTable } from "./alias-table.ts";
import { type ModelYaml, plainYaml } from "./model-yaml.ts";
import type { ModelFolder, ModelRepository } from "./repository.ts";
import type { Serving } from "./serving.ts";
import { servedVersions, splitChoice, versionNamed } from "./serving-plan.ts";

/** What a model's life depends on. */
export interface HostedModelDeps {
  readonly repository: ModelRepository;
  readonly aliases: AliasTable;
  readonly rng: Rng;
  /** Loads a version; rejects with MODEL_LOAD_FAILED when it is not what its model.yaml says. */
  openServing(model: string, version: string, folder: ModelFolder): Promise<Serving>;
  /** Notified when the model's state or what serves has changed. */
  onChange(status: ModelStatus): void;
}

/** A version by itself or by a label; both empty leave the choice to the model. */
export interface VersionChoice {
  readonly version: string;
  readonly label: string;
  /** What both have come to already; they count where it does not serve any more. */
  readonly settled?: string;
}

/** Which versions are loaded although they serve already. */
type Again = (serving: Serving, folder: ModelFolder) => boolean;

const never: Again = () => false;
const always: Again = () => true;
const changed: Again = ({ version, stamp }, { stamps }) => stamps.get(version) !== stamp;

/** The label that requests without a version go to, where there is no split. */
const stableLabel = "stable";

/** A model of the repository. Changes happen one after the other, in the order they were asked for. */
export class HostedModel {
  readonly #name: string;
  readonly #deps: HostedModelDeps;
  #state: ModelStatus["state"] = "loading";
  /** What serves, by version, the oldest first. */
  #served: ReadonlyMap<string, Serving> = new Map();
  /** Versions that were to serve and could not be loaded. */
  #failures: ReadonlyMap<string, ConnectError> = new Map();
  /** Why the last change failed. */
  #cause: ConnectError | undefined;
  #yaml: ModelYaml = plainYaml;
  /** Versions that there were when the folder was read last, the oldest first. */
  #there: readonly string[] = [];
  /** The one version that was asked for; empty while the plan decides. */
  #pin = "";
  #lastServing: Serving | undefined;
  /** Undefined when something has changed since it was asked for. */
  #status: ModelStatus | undefined;
  #changes: Promise<void> = Promise.resolve();

  constructor(name: string, deps: HostedModelDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  /** As it is now. Every request asks for it, so it is put together once for each change. */
  get status(): ModelStatus {
    this.#status ??= this.#described();
    return this.#status;
  }

  #described(): ModelStatus {
    const serving = this.#default();
    const shown = serving ?? this.#lastServing;
    const metadata = shown?.metadata ?? {};
    const { labels } = this.#yaml.plan;
    return {
      name: this.#name,
      state: this.#state,
      version: serving?.version ?? "",
      ...(this.#cause !== undefined && { error: this.#cause.rawMessage }),
      inputs: shown?.face.inputs ?? [],
      outputs: shown?.face.outputs ?? [],
      spec: serving?.spec ?? this.#yaml.spec,
      versions: this.#versions(),
      ...(labels.size > 0 && { labels: Object.fromEntries(labels) }),
      ...(Object.keys(metadata).length > 0 && { metadata }),
    };
  }

  /**
   * What serves a request; waits for a load in progress when nothing does. Throws MODEL_UNKNOWN for a
   * version or label that there is not, MODEL_NOT_LOADED, MODEL_LOAD_FAILED or SHUTTING_DOWN; rejects
   * with the signal's reason when that aborts first.
   */
  async serving(choice: VersionChoice, signal: AbortSignal): Promise<Serving> {
    if (this.#state === "loading") await abortable(this.#changes, signal);
    if (this.#served.size === 0) throw this.#notServing();
    const { version, settled = "" } = choice;
    const before = this.#served.get(settled);
    if (before !== undefined) return before;
    if (version === "" && choice.label === "") return this.#chosen();
    const { plan } = this.#yaml;
    const name = version === "" ? choice.label : version;
    const meant = versionNamed(name, plan);
    if (meant === undefined) {
      const known = [...plan.labels.keys()].map((one) => `"${one}"`).join(", ") || "none";
      throw fault(
        "MODEL_UNKNOWN",
        `model "${this.#name}" has no label "${name}": there is ${known}`,
      );
    }
    return this.#served.get(meant) ?? this.#refuse(meant);
  }

  /** The version that a request means, where its response may be given to equal ones; undefined where not, or where none serves. */
  keepable({ version, label }: VersionChoice): KeepableVersion | undefined {
    const { plan } = this.#yaml;
    if (!plan.isCached || this.#served.size === 0) return undefined;
    const isOpen = version === "" && label === "";
    const name = version === "" ? label : version;
    const serving = isOpen ? this.#chosen() : this.#served.get(versionNamed(name, plan) ?? "");
    return serving && { version: serving.version, load: serving.key };
  }

  /** Who is given a copy of a request that this version serves; undefined when no one is. */
  shadowOf({ version }: Serving): Serving | undefined {
    const { plan } = this.#yaml;
    const { shadow } = plan;
    if (shadow === undefined || this.#deps.rng.next() >= shadow.share) return undefined;
    const to = this.#served.get(versionNamed(shadow.to, plan) ?? "");
    return to?.version === version ? undefined : to;
  }

  /** Reads model.yaml, so that aliases are known before anything is loaded; never rejects. */
  announce(): Promise<void> {
    return this.#change(async () => {
      try {
        const folder = await this.#deps.repository.read(this.#name);
        this.#deps.aliases.claim(this.#name, folder.spec.aliases);
        this.#yaml = folder;
        this.#there = folder.versions;
        this.#status = undefined;
      } catch (error) {
        this.#failWith("failed", faultFrom(error));
      }
    });
  }

  /**
   * Serves `version` alone, or what model.yaml says when empty; what serves until then goes on until
   * all of that is ready, and when it fails.
   */
  load(version: string): Promise<void> {
    return this.#change(() => this.#bring(version, never));
  }

  /** Serves what model.yaml says, from files as they are now; otherwise like `load`. */
  reload(): Promise<void> {
    return this.#change(() => this.#bring("", always));
  }

  /** Loads what has changed in the repository, unless the model is unloaded. */
  refresh(): Promise<void> {
    return this.#change(async () => {
      if (this.#state !== "unloaded") await this.#bring(this.#pin, changed);
    });
  }

  /** Serves nothing; resolves when the active calls have ended and the memory is free. */
  unload(): Promise<void> {
    return this.#change(async () => {
      const before = [...this.#served.values()];
      this.#become("unloaded", () => {
        this.#served = new Map();
        this.#failures = new Map();
        this.#cause = undefined;
      });
      await Promise.all(before.map((serving) => serving.close()));
    });
  }

  /** The version of requests that name none, where chance has no say. */
  #default(): Serving | undefined {
    const { plan } = this.#yaml;
    const largest = plan.split.toSorted((a, b) => b.weight - a.weight)[0]?.to ?? stableLabel;
    const version = versionNamed(largest, plan);
    return this.#served.get(version ?? "") ?? [...this.#served.values()].at(-1);
  }

  #chosen(): Serving {
    const { plan } = this.#yaml;
    const isServed = (to: string) => this.#served.has(versionNamed(to, plan) ?? "");
    const parts = plan.split.filter(({ to }) => isServed(to));
    const to = splitChoice(parts, this.#deps.rng.next());
    const chosen = to === undefined ? undefined : this.#served.get(versionNamed(to, plan) ?? "");
    const serving = chosen ?? this.#default();
    if (serving === undefined) throw this.#notServing();
    return serving;
  }

  #notServing(): ConnectError {
    const cause = this.#cause;
    if (this.#state !== "failed" || cause === undefined) {
      return fault("MODEL_NOT_LOADED", `model "${this.#name}" is not loaded`);
    }
    if (reasonOf(cause) === "SHUTTING_DOWN") return cause;
    const problem = `model "${this.#name}" failed to load: ${cause.rawMessage}`;
    return fault("MODEL_LOAD_FAILED", problem, { cause });
  }

  #refuse(version: string): never {
    const name = `version "${version}" of model "${this.#name}"`;
    const cause = this.#failures.get(version);
    if (cause !== undefined) {
      throw fault("MODEL_LOAD_FAILED", `${name} failed to load: ${cause.rawMessage}`, { cause });
    }
    const served = [...this.#served.keys()].map((one) => `"${one}"`).join(", ");
    if (this.#there.includes(version)) {
      throw fault("MODEL_NOT_LOADED", `${name} is not loaded, ${served} is`);
    }
    throw fault("MODEL_UNKNOWN", `there is no ${name}; ${served} is served`);
  }

  #versions(): readonly VersionStatus[] {
    const names = new Set([...this.#there, ...this.#served.keys()]);
    return [...names].sort(byNumber).map((version) => {
      const cause = this.#failures.get(version);
      const state = this.#served.has(version) ? "available" : this.#stateWithout(version);
      return { version, state, ...(cause !== undefined && { error: cause.rawMessage }) };
    });
  }

  #stateWithout(version: string): VersionStatus["state"] {
    if (this.#failures.has(version)) return "failed";
    return this.#state === "loading" ? "loading" : "unloaded";
  }

  /** Changes something, and notifies when that can be seen. */
  #become(state: ModelStatus["state"], change: () => void): void {
    const before = seen(this.status);
    change();
    this.#state = state;
    this.#status = undefined;
    const { status } = this;
    if (seen(status) !== before) this.#deps.onChange(status);
  }

  #failWith(state: ModelStatus["state"], cause: ConnectError): void {
    this.#become(state, () => {
      this.#cause = cause;
    });
  }

  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => undefined);
    return done;
  }

  async #bring(pin: string, again: Again): Promise<void> {
    const { repository, aliases } = this.#deps;
    const before = { state: this.#state, served: this.#served, yaml: this.#yaml };
    try {
      const folder = await repository.read(this.#name);
      const wanted = this.#wanted(folder, pin);
      this.#there = folder.versions;
      this.#status = undefined;
      if (this.#isThere(wanted, folder, again)) {
        this.#pin = pin;
        this.#become(this.#state, () => {
          this.#failures = new Map();
          this.#cause = undefined;
        });
        return;
      }
      aliases.claim(this.#name, folder.spec.aliases);
      if (before.served.size === 0) {
        this.#become("loading", () => {
          this.#yaml = folder;
          this.#cause = undefined;
        });
      }
      const { opened, failures } = await this.#open(folder, wanted, again);
      const [failure] = failures.values();
      if (opened.size === 0 && failure !== undefined) {
        this.#failures = failures;
        throw failure;
      }
      await this.#serve(folder, opened, failures);
      this.#pin = pin;
      if (failure !== undefined) throw failure;
    } catch (error) {
      aliases.claim(this.#name, this.#yaml.spec.aliases);
      const cause = faultFrom(error);
      const isUnknown = reasonOf(cause) === "MODEL_UNKNOWN";
      if (this.#served.size > 0) {
        // What was asked for in vain is reported to who asked, and is no failure of what serves.
        if (!isUnknown) this.#failWith("available", cause);
      } else if (isUnknown && before.state !== "loading") {
        this.#become(before.state, () => undefined);
      } else this.#failWith("failed", cause);
      throw error;
    }
  }

  /** Throws MODEL_UNKNOWN. */
  #wanted({ versions, plan }: ModelFolder, pin: string): readonly string[] {
    if (pin === "") return servedVersions(versions, plan);
    if (versions.includes(pin)) return [pin];
    throw fault("MODEL_UNKNOWN", `model "${this.#name}" has no version "${pin}"`);
  }

  /** Whether nothing is to be done. */
  #isThere(wanted: readonly string[], folder: ModelFolder, again: Again): boolean {
    return (
      wanted.length === this.#served.size &&
      wanted.every((version) => {
        const serving = this.#served.get(version);
        return serving !== undefined && !again(serving, folder);
      })
    );
  }

  /** Loads the versions one after the other, except those that serve and need not be loaded again. */
  async #open(folder: ModelFolder, wanted: readonly string[], again: Again) {
    const opened = new Map<string, Serving>();
    const failures = new Map<string, ConnectError>();
    for (const version of wanted) {
      const known = this.#served.get(version);
      if (known !== undefined && !again(known, folder)) {
        opened.set(version, known);
        continue;
      }
      try {
        opened.set(version, await this.#deps.openServing(this.#name, version, folder));
      } catch (error) {
        failures.set(version, faultFrom(error));
      }
    }
    return { opened, failures };
  }

  /** Swaps in what was loaded. What served is dropped once all that was wanted is there. */
  async #serve(
    folder: ModelFolder,
    opened: ReadonlyMap<string, Serving>,
    failures: ReadonlyMap<string, ConnectError>,
  ): Promise<void> {
    const before = this.#served;
    const kept = failures.size === 0 ? [] : before;
    const next = new Map([...new Map([...kept, ...opened])].sort(([a], [b]) => byNumber(a, b)));
    const isNew = next.values().some((serving) => !before.values().some((old) => old === serving));
    this.#become("available", () => {
      if (isNew || failures.size === 0) this.#yaml = folder;
      this.#served = next;
      this.#failures = failures;
      this.#cause = failures.values().next().value;
      this.#lastServing = this.#default();
    });
    const dropped = before.values().filter((old) => next.get(old.version) !== old);
    await Promise.all(dropped.map((old) => old.close()));
  }
}

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}

/** What a change is notified by. */
function seen({ state, version, versions = [], error }: ModelStatus): string {
  const served = versions.filter((one) => one.state === "available").map((one) => one.version);
  return JSON.stringify([state, version, served, error]);
}
