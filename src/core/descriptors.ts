/** How many files and sockets the system lets this process have open, and how many of them clients may take. */

import { readFileSync } from "node:fs";

/** Share that clients never take: backends, stores, uploads and logs have connections and files, too. */
const reservedShare = 0.25;
const reservedMin = 64;

/** The limit; infinite where the system does not tell (Linux tells). Node has raised it as far as it may. */
export function descriptorsMax(read: () => string = readLimits): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(read())?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Connections that each of some listeners may hold; `more` is how many it may have besides, on their way out. */
export function connectionsWithin(descriptors: number, listeners: number, more: number): number {
  const forClients = Math.min(descriptors - reservedMin, descriptors * (1 - reservedShare));
  return Math.max(1, Math.floor(forClients / listeners) - more);
}

function readLimits(): string {
  return readFileSync("/proc/self/limits", "utf8");
}
