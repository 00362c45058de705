/** The way out for what the library is to decide. */

/** It says nothing of its own, so it is made once. */
const left = new Error("left to the library");

/** Gives a message up, which then goes to the library whole. */
export function fallBackToLibrary(): never {
  throw left;
}
