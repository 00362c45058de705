/** Reports that files may have changed, once nothing more happened to them for a moment. */

import { type FSWatcher, lstatSync, type Stats, statSync, watch } from "node:fs";
import { basename, join } from "node:path";
import type { Clock, Timer } from "#core/clock.ts";
import { watchedPlaces } from "./watched-places.ts";

/** What a watch needs, and whom it tells. */
export interface FileWatchDeps {
  readonly clock: Pick<Clock, "timer" | "stop" | "wallMs">;
  /** Some file has changed, or only its times; after `quietMs` without a further sign. */
  onChange(): void;
  /** A folder cannot be watched: changes in it go unnoticed. */
  onFailure(folder: string, cause: unknown): void;
}

/** A writer who pauses for longer is taken to have finished. */
const quietMs = 200;
/** Folders that are watched at most; each takes one of the system's watches. */
const foldersMax = 256;
/** How far the times of files are from those of the clock, which has whole milliseconds. */
const coarseMs = 20;

/** A folder that is watched. */
interface WatchedFolder {
  readonly watcher: FSWatcher;
  /** Distinguishes it from another folder that takes its name. */
  readonly inode: number;
  names: ReadonlySet<string>;
}

/** What is there; undefined for nothing, and for what may not be looked at. */
function statOf(look: typeof lstatSync, path: string): Stats | undefined {
  try {
    return look(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether something at this path was made, written or replaced in that time; a clock that was set back finds nothing. */
function hasChanged(path: string, fromWallMs: number, toWallMs: number): boolean {
  const changedMs = statOf(lstatSync, path)?.ctimeMs ?? Number.NaN;
  return changedMs >= fromWallMs - coarseMs && changedMs <= toWallMs + coarseMs;
}

/** Watches the folders of files, and never the files: a watch on a file is deaf once another one takes its name. */
export class FileWatch implements Disposable {
  readonly #deps: FileWatchDeps;
  readonly #folders = new Map<string, WatchedFolder>();
  #timer: Timer | undefined;

  constructor(deps: FileWatchDeps) {
    this.#deps = deps;
  }

  /**
   * Watches these files, and no others any more. What has changed since `sinceWallMs`, when they were
   * read, counts as a change.
   */
  follow(files: readonly string[], sinceWallMs: number): void {
    const wanted = new Map<string, Set<string>>();
    for (const { folder, name } of files.flatMap(watchedPlaces)) {
      const names = wanted.get(folder);
      if (names !== undefined) names.add(name);
      else if (wanted.size < foldersMax) wanted.set(folder, new Set([name, basename(folder)]));
      else this.#deps.onFailure(folder, new Error(`${foldersMax} folders are watched already`));
    }
    for (const folder of [...this.#folders.keys()]) if (!wanted.has(folder)) this.#leave(folder);
    for (const [folder, names] of wanted) this.#enter(folder, names);
    const places = [...wanted].flatMap(([folder, names]) =>
      [...names].map((name) => join(folder, name)),
    );
    const nowMs = this.#deps.clock.wallMs();
    if (places.some((path) => hasChanged(path, sinceWallMs, nowMs))) this.#told();
  }

  [Symbol.dispose](): void {
    for (const folder of [...this.#folders.keys()]) this.#leave(folder);
    this.#calm();
  }

  #enter(folder: string, names: ReadonlySet<string>): void {
    const inode = statOf(statSync, folder)?.ino;
    const known = this.#folders.get(folder);
    if (known !== undefined && known.inode === inode) {
      known.names = names;
      return;
    }
    if (known !== undefined) this.#leave(folder);
    // The folder before it is watched, too, for as long as this one is missing.
    if (inode === undefined) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || (this.#folders.get(folder)?.names.has(name) ?? false)) this.#told();
      });
      watcher.on("error", (cause) => {
        this.#leave(folder);
        this.#deps.onFailure(folder, cause);
      });
      this.#folders.set(folder, { watcher, inode, names });
    } catch (thrown) {
      this.#deps.onFailure(folder, thrown);
    }
  }

  #leave(folder: string): void {
    this.#folders.get(folder)?.watcher.close();
    this.#folders.delete(folder);
  }

  #told(): void {
    this.#calm();
    this.#timer = this.#deps.clock.timer(
      quietMs,
      (self) => {
        self.#timer = undefined;
        self.#deps.onChange();
      },
      this as FileWatch,
    );
    this.#timer.unref();
  }

  #calm(): void {
    if (this.#timer !== undefined) this.#deps.clock.stop(this.#timer);
    this.#timer = undefined;
  }
}
