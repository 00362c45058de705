/** Which hosts a request may name: pages of others, whose name was made to lead here, are given nothing. */

import { fault } from "#errors/fault.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Refuse, Surface } from "./surface.ts";

/** The name in an authority, without its port, brackets and the dot that may end it; in lower case. */
function nameOf(authority: string): string {
  const [, v6, name = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(authority) ?? [];
  return (v6 ?? name).toLowerCase().replace(/\.$/, "");
}

/** Whether one of `hosts`, in which `*.` stands for any name before the rest, is that of an authority. */
function hostMatcher(hosts: readonly string[]): (authority: string) => boolean {
  const written = hosts.map((host) => host.toLowerCase().replace(/\.$/, ""));
  const exact = new Set(written);
  const endings = written.flatMap((host) => (host.startsWith("*.") ? [host.slice(1)] : []));
  return (authority) => {
    const name = nameOf(authority);
    return exact.has(name) || endings.some((ending) => name.endsWith(ending) && name !== ending);
  };
}

/** Refuses requests for other hosts, and WebSockets where the listener has some. */
export function createAllowedHosts(
  hosts: readonly string[],
  { refuse, hasSockets }: { readonly refuse: Refuse; readonly hasSockets: boolean },
): Surface {
  const isAllowed = hostMatcher(hosts);
  const refuses = (
    arrival: Parameters<Refuse>[0] & { readonly authority: string },
    record: CallRecord,
  ) => {
    if (isAllowed(record.host ?? arrival.authority)) return false;
    record.refusal = "HOST_UNKNOWN";
    refuse(arrival, record, fault("HOST_UNKNOWN", "host: nothing is served here by this name"));
    return true;
  };
  return {
    name: "hosts",
    take: refuses,
    ...(hasSockets ? { upgrade: refuses } : {}),
  };
}
