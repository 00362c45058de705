/** Sockets that whoever starts the process has opened for it, by systemd's protocol: which listener takes which. Pure. */

/** The first descriptor; the others follow. */
const firstDescriptor = 3;
/** More listeners than anybody has. */
const socketsMax = 1_000;

/** What says that there are sockets, and for whom. Children must not take them for their own. */
export const socketVariables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] as const;

/** Descriptors by the name of the listener, or why they do not fit, in words for the operator. */
export type PassedSockets =
  | { readonly sockets: ReadonlyMap<string, number> }
  | { readonly problem: string };

type Environment = Readonly<Partial<Record<string, string>>>;

function countOf(said: string): number | undefined {
  const count = Number(said);
  return /^\d{1,4}$/.test(said) && count <= socketsMax ? count : undefined;
}

/**
 * A socket whose name (FileDescriptorName= of its unit) is a listener's is for that one; the others are
 * for the listeners that are left, in order. Listeners that get none open their own. Without LISTEN_PID
 * they are for whoever reads this: a parent does not know the process id of its child beforehand.
 */
export function passedSockets(
  env: Environment,
  pid: number,
  listeners: readonly { readonly name: string }[],
): PassedSockets {
  const { LISTEN_PID: forPid, LISTEN_FDS: said, LISTEN_FDNAMES: named = "" } = env;
  if (said === undefined || (forPid !== undefined && Number(forPid) !== pid))
    return { sockets: new Map() };
  const count = countOf(said);
  if (count === undefined) return { problem: `LISTEN_FDS: "${said}" is no number of sockets` };
  const names = named === "" ? [] : named.split(":");
  if (names.length > 0 && names.length !== count) {
    return { problem: `LISTEN_FDNAMES has ${names.length} names for ${count} sockets` };
  }
  if (count > listeners.length) {
    const have = listeners.map(({ name }) => name).join(", ");
    return {
      problem: `LISTEN_FDS passes ${count} sockets for ${listeners.length} listeners (${have})`,
    };
  }
  return shared(
    Array.from({ length: count }, (_, index) => names[index] ?? ""),
    listeners,
  );
}

/** Gives each socket, by its name and in order, to a listener; there are enough. */
function shared(
  names: readonly string[],
  listeners: readonly { readonly name: string }[],
): PassedSockets {
  const sockets = new Map<string, number>();
  const known = new Set(listeners.map(({ name }) => name));
  const others: number[] = [];
  for (const [index, name] of names.entries()) {
    const descriptor = firstDescriptor + index;
    if (!known.has(name)) others.push(descriptor);
    else if (sockets.has(name)) return { problem: `LISTEN_FDNAMES names ${name} twice` };
    else sockets.set(name, descriptor);
  }
  const left = listeners.filter(({ name }) => !sockets.has(name));
  for (const [index, descriptor] of others.entries()) {
    sockets.set(left[index]?.name ?? "", descriptor);
  }
  return { sockets };
}
