/** Preloaded into a program: at SIGTERM it tells what has been loaded by then, packages and Node's own. */

import { registerHooks } from "node:module";

const packages = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    return nextLoad(url, context);
  },
});

process.once("SIGTERM", () => {
  const builtin = Reflect.get(process, "moduleLoadList") as string[];
  const names = builtin.map((entry) => entry.replace("NativeModule ", "node:"));
  process.stderr.write(`loaded ${[...packages, ...names].join(" ; ")}\n`);
});
