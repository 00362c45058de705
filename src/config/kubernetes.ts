/** The section `kubernetes`: where the API is that lists the endpoints of services. */

import { resolve } from "node:path";
import { z } from "zod";
import type { KubernetesApi } from "#backends/discovery-settings.ts";
import { text, textThat } from "#yaml/scalar.ts";
import type { Environment } from "#yaml/source.ts";

/** Where a pod finds what its service account may show. */
const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

function originOf(written: string): string | undefined {
  const url = URL.parse(written);
  const isWhole = url !== null && ["http:", "https:"].includes(url.protocol) && url.host !== "";
  const isPlain = isWhole && `${url.username}${url.password}${url.search}${url.hash}` === "";
  return isPlain && url.pathname === "/" ? url.origin : undefined;
}

/** The section of the file. */
export const kubernetes = z.strictObject({
  server: textThat(
    "an address such as https://10.96.0.1:443, without user, path or query",
    (written) => originOf(written) !== undefined,
  )
    .optional()
    .describe(
      "Address of the API; in a pod KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT say it. To `http://`, such as a `kubectl proxy` beside the gateway, no token is sent.",
    ),
  token_file: text()
    .optional()
    .describe(
      "File of the token, read again each minute; that of the pod's service account when absent.",
    ),
  ca_file: text()
    .optional()
    .describe("PEM authorities of the API; those of the pod's service account when absent."),
});

/** What the section needs to know of its surroundings. */
export interface KubernetesContext {
  /** Absolute; relative paths count from here. */
  readonly folder: string;
  readonly env: Environment;
}

/** Address by the variables that every pod has. */
function podOrigin({
  KUBERNETES_SERVICE_HOST: host,
  KUBERNETES_SERVICE_PORT: port = "443",
}: Environment) {
  if (!host) return undefined;
  return originOf(`https://${host.includes(":") ? `[${host}]` : host}:${port}`);
}

/** Undefined when no one says where the API is. */
export function kubernetesFrom(
  { server, token_file, ca_file }: z.output<typeof kubernetes>,
  { folder, env }: KubernetesContext,
): KubernetesApi | undefined {
  const origin = server === undefined ? podOrigin(env) : originOf(server);
  if (origin === undefined) return undefined;
  const isOwn = server === undefined;
  const fileOf = (written: string | undefined, name: string) => {
    if (written !== undefined) return resolve(folder, written);
    return isOwn ? `${accountFolder}/${name}` : undefined;
  };
  const tokenFile = origin.startsWith("https:") ? fileOf(token_file, "token") : undefined;
  const caFile = fileOf(ca_file, "ca.crt");
  return {
    origin,
    ...(tokenFile !== undefined && { tokenFile }),
    ...(caFile !== undefined && { caFile }),
  };
}
