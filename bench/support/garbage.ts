/** Lets a server collect its garbage when it is asked to, so that what it holds can be weighed. */

process.on("SIGUSR2", () => globalThis.gc?.());
