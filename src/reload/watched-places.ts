/** Where a change of a file shows: the folders in which a name on the way to it can come to mean something else. */

import { readlinkSync } from "node:fs";
import { join, resolve, sep } from "node:path";

/** A name in a folder. */
export interface WatchedPlace {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly name: string;
}

/** As the system allows. */
const linksMax = 40;

const stepsOf = (path: string) => path.split(sep).filter((step) => step !== "");

/** The target of a symbolic link; null for anything else that is there, undefined where there is nothing. */
function linkAt(path: string): string | null | undefined {
  try {
    return readlinkSync(path);
  } catch (thrown) {
    const isThere = thrown instanceof Error && "code" in thrown && thrown.code === "EINVAL";
    return isThere ? null : undefined;
  }
}

/**
 * Each symbolic link on the way to the file, such as `..data` of a mounted ConfigMap, and the file
 * itself; of one that is not there the first name that is missing.
 */
export function watchedPlaces(path: string): readonly WatchedPlace[] {
  const places: WatchedPlace[] = [];
  let folder = resolve(sep);
  let rest = stepsOf(resolve(path));
  let links = 0;
  while (rest.length > 0) {
    const [name = "", ...others] = rest;
    const next = join(folder, name);
    const target = linkAt(next);
    if (target === null && others.length > 0) {
      folder = next;
      rest = others;
      continue;
    }
    places.push({ folder, name });
    links += 1;
    if (typeof target !== "string" || links > linksMax) break;
    rest = [...stepsOf(resolve(folder, target)), ...others];
    folder = resolve(sep);
  }
  return places;
}
