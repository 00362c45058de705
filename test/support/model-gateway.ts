/** A gateway over a repository of models that a test writes. */

import { type RunningGateway, startTestGateway } from "./gateway.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** The gateway, and the folder of its models. */
export interface ModelGateway extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly gateway: RunningGateway;
  readonly url: string;
}

/** Starts it over files by their paths in the repository; `gateway` are settings of that section. */
export async function startModelGateway(
  files: Readonly<Record<string, string | Uint8Array>>,
  { gateway: settings = "host: 127.0.0.1, port: 0", more = "" } = {},
): Promise<ModelGateway> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  const gateway = opening.use(
    await startTestGateway({
      yaml: `
gateway: { ${settings} }
auth: { anonymous_scopes: [admin] }
models: { path: ${folder.path}, workers: 1 }
${more}
`,
    }),
  );
  const owned = opening.move();
  return { folder, gateway, url: gateway.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
