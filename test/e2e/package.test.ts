/** The package as it is published: what is in it, and that it runs and types without its sources. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import {
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { ChatService } from "../../gen/polygate/v1/chat_pb.js";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { blocksOf } from "../support/docs-blocks.ts";
import { freePort } from "../support/free-port.ts";
import { testWith } from "../support/needs.ts";
import { packedEnv as env, packGateway } from "../support/packed.ts";
import { startProcess } from "../support/polygate-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { testProtoImage, testProtos, testService } from "../support/test-protos.ts";

const run = promisify(execFile);
/** Serves the greeter of the test protos, as anybody would who has the package. */
const greeterProgram = `import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createFileRegistry, type DescMethodUnary, fromBinary, type Message } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createOpenApi } from "polygate/openapi";
import { commentsOf } from "polygate/openapi/comments";
import { Http2Client } from "polygate/http2/client";
import { Http2Server } from "polygate/http2/server";
import { transcode } from "polygate/transcode";

export type Engine = readonly [Http2Server, Http2Client];
const image = fromBinary(FileDescriptorSetSchema, readFileSync("protos.binpb"));
const greeter = createFileRegistry(image).getService("greeter.Greeter");
if (greeter === undefined) throw new Error("no greeter");
const comments = commentsOf(image.file);
const document = createOpenApi([greeter], { title: "Greeter", version: "1", comments });
const { request, upgrade } = transcode(
  (router) =>
    router.rpc(greeter.method.greet as DescMethodUnary, (input) => {
      const { name, times } = input as Message & { name: string; times: number };
      return { text: \`Hello \${name}!\`.repeat(times || 1) } as unknown as Message;
    }),
  { fallback: (_request, response) => void response.end(JSON.stringify(document)) },
);
const server = createServer(request).on("upgrade", upgrade);
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
`;

/** Serves it by every RPC protocol; asked to stop, it lets calls end. */
const rpcProgram = `import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createFileRegistry, type DescMethodUnary, fromBinary, type Message } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Interceptor } from "@connectrpc/connect";
import { serveRpc } from "polygate/rpc";

const image = fromBinary(FileDescriptorSetSchema, readFileSync("protos.binpb"));
const greeter = createFileRegistry(image).getService("greeter.Greeter");
if (greeter === undefined) throw new Error("no greeter");
const greet = (input: Message) => ({ text: \`Hello \${(input as Message & { name: string }).name}!\` });
const named: Interceptor = (next) => async (request) => {
  const answer = await next(request);
  answer.header.set("x-method", request.method.name);
  return answer;
};
const server = await serveRpc(
  (router) => router.rpc(greeter.method.greet as DescMethodUnary, (input) => greet(input) as unknown as Message),
  { port: 0, interceptors: [named], readBytesMax: 64 * 1024 },
);
console.log(server.url);
await once(process, "SIGTERM");
await server.drain(8_000);
`;

/** A Fastify server of somebody else's, with the gateway in it. */
const fastifyProgram = `import fastify from "fastify";
import { polygate } from "polygate/fastify";

const server = fastify();
server.get("/own", () => "a page of its own");
await server.register(polygate, { env: {}, log: () => {} });
console.log(await server.listen({ host: "127.0.0.1", port: 0 }));
process.once("SIGTERM", () => void server.close());
`;

/** Asks a gateway by the code that was generated from its protos. */
const clientProgram = `import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ChatService } from "polygate/gen/polygate/v1/chat_pb.js";

const baseUrl = process.argv[2] ?? "";
const chat = createClient(ChatService, createGrpcTransport({ baseUrl }));
const { response } = await chat.chat({ message: "what is 12*7?", useTools: true });
console.log(response);
`;

/** The greeter's service, as protoc-gen-es would export it. */
const greeterModule = `import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const image = fromBinary(FileDescriptorSetSchema, readFileSync("../protos.binpb"));
export const Greeter = createFileRegistry(image).getService("greeter.Greeter");
`;

function post(url: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

describe("the published package", () => {
  let folder: TemporaryFolder;
  let files: readonly string[];
  let consumer: string;
  let bin: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const packed = await packGateway(folder.path);
    files = packed.files;

    consumer = join(folder.path, "consumer");
    const home = join(consumer, "node_modules/polygate");
    await mkdir(home, { recursive: true });
    await run("tar", ["xzf", packed.path, "--strip-components=1", "-C", home]);
    bin = join(consumer, "node_modules/.bin/polygate");
    await mkdir(dirname(bin));
    const { bin: command } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
    await symlink(join("../polygate", command.polygate), bin);
    await chmod(join(home, command.polygate), 0o755);
    return () => folder[Symbol.asyncDispose]();
  }, 300_000);

  test("it holds what runs, the models and the protos; no sources, no tests, no training", () => {
    expect(new Set(files.map((path) => path.replace(/\/.*/s, "")))).toEqual(
      new Set("LICENSE README.md package.json bin dist gen models proto web".split(" ")),
    );
    expect(files).toContain("dist/react/styles.css");
    expect(files.filter((path) => /^models\/train|\.test\.|\.tsbuildinfo/.test(path))).toEqual([]);
    expect(files).toContain("dist/cli/main.js");
    expect(files).toContain("dist/backends/onnx/worker.js");
    expect(files).toContain("models/digits/1/model.onnx");
  });

  test("its command runs by name, from any folder", async () => {
    const { stdout } = await run(bin, ["version"], { cwd: "/", env });
    expect(stdout).toMatch(/^polygate \d+\.\d+\.\d+ /);
  });

  test("its entry is small, so that V8 is set to loading before the program is loaded", async () => {
    const built = join(consumer, "node_modules/polygate/dist/cli");
    const names = new Set(["main.js"]);
    let bytes = 0;
    for (const name of names) {
      const text = await readFile(join(built, name), "utf8");
      bytes += text.length;
      for (const [, found = ""] of text.matchAll(/^(?:import|export) .*?"\.\/([^"]+)";$/gm)) {
        names.add(found);
      }
    }
    expect(bytes).toBeLessThan(20_000);
  });

  test("its protos need no others, and come with their licences", async () => {
    const proto = join(consumer, "node_modules/polygate/proto");
    const elsewhere = { cwd: consumer, env };
    const built = await run(resolve("node_modules/.bin/buf"), ["build", proto, "-o", "-"], {
      ...elsewhere,
      encoding: "buffer",
      maxBuffer: 1 << 26,
    });
    const { file } = fromBinary(FileDescriptorSetSchema, built.stdout);
    const names = file.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "polygate/v1/chat.proto",
        "polyagent/core/v1/core.proto",
        "google/api/annotations.proto",
        "google/rpc/error_details.proto",
        "buf/validate/validate.proto",
        "grpc/health/v1/health.proto",
      ]),
    );
    for (const folder of ["google", "buf", "grpc"])
      expect(files).toContain(`proto/${folder}/LICENSE`);
  });

  test("its generated code is a client's", async () => {
    await using gateway = await startProcess({
      command: [bin, "serve", "--host", "127.0.0.1", "--port", "0"],
      cwd: consumer,
      env,
    });
    await writeFile(join(consumer, "package.json"), `{ "type": "module" }`);
    await writeFile(join(consumer, "client.ts"), clientProgram);
    const [url = ""] = gateway.urls;
    const { stdout } = await run(process.execPath, ["client.ts", url], { cwd: consumer });
    expect(stdout).toMatch(/^12\*7 = 84/);
  }, 60_000);

  test("it serves, and its worker threads predict", async () => {
    await using gateway = await startProcess({
      command: [bin, "serve", "--host", "127.0.0.1", "--port", "0"],
      cwd: consumer,
      env,
    });
    const form = new FormData();
    form.set("file", new Blob([await readFile("models/digits/examples/7.png")]), "7.png");
    const answer = await fetch(`${gateway.urls[0]}/predict/digits`, { method: "POST", body: form });
    expect(await answer.json()).toMatchObject({
      backend: "onnx",
      classifications: expect.arrayContaining([expect.objectContaining({ label: "7" })]),
    });
    expect(await gateway.stop("SIGTERM")).toBe(0);
  }, 60_000);

  /** What needs a package, each asked of a gateway that lacks one. */
  const asks = {
    chat: (url: string) => post(`${url}/api/v1/chat`, { message: "hello" }),
    sum: (url: string) => post(`${url}/api/v1/chat`, { message: "what is 12*7?", use_tools: true }),
    image: async (url: string) => {
      const form = new FormData();
      form.set("file", new Blob([await readFile("models/digits/examples/7.png")]), "7.png");
      return fetch(`${url}/predict/digits`, { method: "POST", body: form });
    },
  };

  test.each([
    { name: "gpt-tokenizer", fails: ["chat", "sum"] },
    { name: "mathjs", fails: ["sum"] },
    { name: "sharp", fails: ["image"] },
    { name: "onnxruntime-node", fails: ["image"] },
  ])(
    "without $name it serves all else, and names it where it is needed",
    async ({ name, fails }) => {
      await using bare = await temporaryFolder();
      const modules = join(bare.path, "node_modules");
      await mkdir(modules);
      await cp(join(consumer, "node_modules/polygate"), join(modules, "polygate"), {
        recursive: true,
      });
      for (const entry of await readdir("node_modules")) {
        if (entry !== name) await symlink(resolve("node_modules", entry), join(modules, entry));
      }
      await using gateway = await startProcess({
        command: [join(modules, "polygate/bin/polygate.cjs"), "serve", "--port", "0"],
        cwd: bare.path,
        env,
      });
      const [url = ""] = gateway.urls;
      for (const [ask, send] of Object.entries(asks)) {
        const answer = await send(url);
        const body = await answer.text();
        if (fails.includes(ask)) {
          expect(body, ask).toContain(`${name}, which `);
          expect(body, ask).toContain(`npm install ${name}`);
        } else expect(answer.status, body).toBe(200);
      }
      expect(await gateway.stop("SIGTERM")).toBe(0);
    },
    60_000,
  );

  describe("the example page with its dashboard", () => {
    let page: string;

    beforeAll(async () => {
      page = join(consumer, "dashboard");
      await cp("examples/dashboard", page, { recursive: true });
    });

    test("types and builds as anybody's would, small enough, and without the package's sources", async () => {
      const node = [resolve("node_modules/.bin/vite"), "build", "--logLevel", "error"];
      // Vitest has it say that this is a test, and React would be the one for developers.
      await run(process.execPath, node, { cwd: page, env: { ...env, NODE_ENV: "production" } });
      expect((await run(resolve("node_modules/.bin/tsc"), ["-p", page], { env })).stdout).toBe("");
      const assets = await readdir(join(page, "dist/assets"));
      const [script = ""] = assets.filter((name) => name.endsWith(".js"));
      const bytes = gzipSync(await readFile(join(page, "dist/assets", script))).byteLength;
      expect(bytes).toBeLessThan(130_000);
      const style = assets.find((name) => name.endsWith(".css")) ?? "";
      expect(await readFile(join(page, "dist/assets", style), "utf8")).toContain(".pg-dashboard");
    }, 60_000);

    testWith(noChromium)(
      "shows in a browser what the gateway did, the chosen provider, and that the gateway is away",
      async () => {
        await using gateway = await startProcess({
          command: [bin, "serve", "--host", "127.0.0.1", "--port", "0"],
          cwd: consumer,
          env,
        });
        const [url = ""] = gateway.urls;
        const chat = createClient(ChatService, createGrpcTransport({ baseUrl: url }));
        await chat.chat({ message: "hello" });
        const port = await freePort();
        const preview = spawn(
          process.execPath,
          [resolve("node_modules/.bin/vite"), "preview", "--port", String(port), "--strictPort"],
          { cwd: page, env: { ...env, POLYGATE_URL: url }, stdio: ["ignore", "pipe", "inherit"] },
        );
        try {
          await once(createInterface({ input: preview.stdout }), "line");
          const browser = await launchChromium();
          try {
            const tab = await browser.newPage({ viewport: { width: 390, height: 800 } });
            const problems: string[] = [];
            tab.on("pageerror", (error) => problems.push(String(error)));
            await tab.goto(`http://localhost:${port}/`);
            const dashboard = tab.locator("section.pg-dashboard.my-custom-class");
            await dashboard.locator("tbody th", { hasText: "embedded" }).waitFor();
            await dashboard.locator("dd", { hasText: /^1$/ }).waitFor();
            const chosen = await tab.locator("output").textContent();
            expect(chosen).toMatch(/ would answer with | provider/);
            const width = await tab.evaluate("document.documentElement.scrollWidth");
            expect(width).toBeLessThanOrEqual(390);
            expect(problems).toEqual([]);
            expect(await gateway.stop("SIGTERM")).toBe(0);
            await dashboard.getByRole("button", { name: "Refresh now" }).click();
            await dashboard.getByRole("alert").waitFor();
            // What was known stays.
            await dashboard.locator("tbody th", { hasText: "embedded" }).waitFor();
          } finally {
            await browser.close();
          }
        } finally {
          preview.kill();
        }
      },
      90_000,
    );
  });

  describe("its libraries in programs of their own", () => {
    beforeAll(async () => {
      await writeFile(join(consumer, "package.json"), `{ "type": "module" }`);
      await writeFile(join(consumer, "protos.binpb"), testProtoImage());
      await writeFile(join(consumer, "greeter.ts"), greeterProgram);
      await writeFile(join(consumer, "rpc.ts"), rpcProgram);
      await writeFile(join(consumer, "fastify.ts"), fastifyProgram);
      await writeFile(join(consumer, "client.ts"), clientProgram);
    });

    test("types", async () => {
      await writeFile(
        join(consumer, "tsconfig.json"),
        `{ "compilerOptions": { "module": "nodenext", "target": "esnext", "types": ["node"], "strict": true, "noEmit": true }, "files": ["client.ts", "greeter.ts", "rpc.ts", "fastify.ts", "misuse.ts"] }`,
      );
      await writeFile(
        join(consumer, "misuse.ts"),
        `import { transcode } from "polygate/transcode";
// @ts-expect-error: a bound is a number
transcode(() => {}, { bodyBytesMax: "1 MiB" });
import { serveRpc } from "polygate/rpc";
// @ts-expect-error: a port is a number
await serveRpc(() => {}, { port: "http" });
// @ts-expect-error: what is not exported is nobody's to use
import "polygate/dist/errors/fault.js";
`,
      );
      const tsc = resolve("node_modules/.bin/tsc");
      const { stdout } = await run(tsc, ["-p", consumer], { env });
      expect(stdout).toBe("");
    }, 60_000);

    /** Runs a program of the folder; its first line is where it listens. */
    async function running(name: string) {
      const program = spawn(process.execPath, [name], {
        cwd: consumer,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = await once(createInterface({ input: program.stdout }), "line");
      return { program, line: String(line) };
    }

    /** What the programs of docs/library.md answer, each by its file. */
    const libraryPrograms: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
      "transcode.ts": async (url) => (await fetch(`${url}/greet/Ada`)).json(),
      "rpc.ts": async (url) => (await post(`${url}/greeter.Greeter/Greet`, { name: "Ada" })).json(),
      "fastify.ts": async (url) => {
        const transport = createGrpcTransport({ baseUrl: url });
        const { response } = await createClient(ChatService, transport).chat({
          message: "echo Hello Ada!",
        });
        return { text: response };
      },
    };

    test.each(Object.entries(libraryPrograms))(
      "the program %s of docs/library.md works as it stands",
      async (name, ask) => {
        const page = join(consumer, "page");
        await mkdir(join(page, "gen"), { recursive: true });
        await writeFile(join(page, "gen/greeter_pb.js"), greeterModule);
        await writeFile(join(page, "gateway.yaml"), "logging: { level: warn }\n");
        const port = await freePort();
        const code = blocksOf("docs/library.md").find(({ mark }) => mark === name)?.code ?? "";
        await writeFile(join(page, name), code.replaceAll("8080", String(port)));
        const program = spawn(process.execPath, [name], { cwd: page, stdio: "inherit" });
        try {
          const answer = () => ask(`http://localhost:${port}`);
          await vi.waitFor(async () => expect(await answer()).toEqual({ text: "Hello Ada!" }), {
            timeout: 60_000,
            interval: 100,
          });
        } finally {
          program.kill("SIGKILL");
        }
      },
      90_000,
    );

    test("serves the rules of its proto, and documents them", async () => {
      const { program, line } = await running("greeter.ts");
      try {
        const answer = await fetch(`http://127.0.0.1:${line}/greet/Ada?times=2`);
        expect(await answer.json()).toEqual({ text: "Hello Ada!Hello Ada!" });
        const document = await fetch(`http://127.0.0.1:${line}/openapi.json`);
        expect(await document.json()).toMatchObject({
          paths: { "/greet/{name}": { get: { operationId: "Greeter_Greet" } } },
        });
      } finally {
        program.kill();
      }
    }, 30_000);

    test("is a plugin of a Fastify server, and ends with it", async () => {
      const { program, line: url } = await running("fastify.ts");
      try {
        expect(await (await fetch(`${url}/own`)).text()).toBe("a page of its own");
        const answer = await fetch(`${url}/polygate.v1.ChatService/Chat`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"message": "what is 12*7?", "useTools": true}',
        });
        expect(await answer.json()).toMatchObject({ toolsCalled: ["calculator"] });
        program.kill("SIGTERM");
        expect(await once(program, "exit")).toEqual([0, null]);
      } finally {
        program.kill("SIGKILL");
      }
    }, 30_000);

    test("serves its methods by gRPC and Connect, and ends by itself when it is asked to", async () => {
      const { program, line: baseUrl } = await running("rpc.ts");
      try {
        const greeter = testService(testProtos(), "greeter.Greeter");
        const greet = greeter.method.greet as DescMethodUnary;
        const asked = { name: "Ada" } as MessageInitShape<DescMessage>;
        const { message } = await createGrpcTransport({ baseUrl }).unary(
          greet,
          undefined,
          undefined,
          undefined,
          asked,
        );
        expect(message).toMatchObject({ text: "Hello Ada!" });
        const answer = await fetch(`${baseUrl}/greeter.Greeter/Greet`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"name": "Bo"}',
        });
        expect(await answer.json()).toEqual({ text: "Hello Bo!" });
        expect(answer.headers.get("x-method")).toBe("Greet");
        program.kill("SIGTERM");
        expect(await once(program, "exit")).toEqual([0, null]);
      } finally {
        program.kill("SIGKILL");
      }
    }, 30_000);
  });
});
