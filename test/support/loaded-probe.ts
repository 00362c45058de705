/** Preloaded into a program: at SIGTERM it tells what has been loaded by then, packages, rooms and Node's own. */

import { registerHooks } from "node:module";

const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) loaded.add(name);
    const [, room] = /\/src\/([\w-]+)\/[^/]+\.ts$/.exec(url) ?? [];
    // The metrics of all rooms are declared at the start; that alone is not the room.
    const isDeclared = url.endsWith("/metric-families.ts");
    if (room !== undefined && !isDeclared) loaded.add(`#${room}`);
    return nextLoad(url, context);
  },
});

process.once("SIGTERM", () => {
  const builtin = Reflect.get(process, "moduleLoadList") as string[];
  const names = builtin.map((entry) => entry.replace("NativeModule ", "node:"));
  process.stderr.write(`loaded ${[...loaded, ...names].join(" ; ")}\n`);
});
