/** Whether a debugger may get into this process: whoever reaches its port can run what they like. */

const flag = /(?:^|\s)["']?(--inspect(?:-brk|-wait)?)(?=[="'\s]|$)/;

/** What lets one in, in words; undefined when nothing does. */
export function debuggerOf(
  execArgv: readonly string[],
  nodeOptions: string | undefined,
  openUrl: string | undefined = process.getBuiltinModule("node:inspector").url(),
): string | undefined {
  const given = execArgv.map((word) => flag.exec(word)?.[1]).find((word) => word !== undefined);
  if (given !== undefined) return given;
  const option = flag.exec(nodeOptions ?? "")?.[1];
  if (option !== undefined) return `${option} in NODE_OPTIONS`;
  return openUrl === undefined ? undefined : "an open port of the inspector";
}
