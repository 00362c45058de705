/** How each language's code is generated, with its ecosystem's own tools in fixed versions. */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Language, toolsOf } from "./tools.ts";

/** What code is generated from. */
export interface Sources {
  /** Path of a FileDescriptorSet. */
  readonly image: string;
  /** Names of the files in it that are this project's own. */
  readonly files: readonly string[];
  /** gRPC's service configuration, with the retry policy. */
  readonly policy: object;
}

/** Types of the retry policy in TypeScript. */
const serviceConfigTypes = `export declare const serviceConfig: {
  readonly methodConfig: readonly [
    {
      readonly name: readonly { readonly service: string; readonly method: string }[];
      readonly retryPolicy: {
        readonly maxAttempts: number;
        readonly initialBackoff: string;
        readonly maxBackoff: string;
        readonly backoffMultiplier: number;
        readonly retryableStatusCodes: readonly string[];
      };
    },
  ];
};
`;

/** One for each language; each clears what it wrote before. */
export const generators: Readonly<Record<Language, (sources: Sources) => void>> = {
  typescript({ image, policy }) {
    const out = fresh("clients/typescript/gen");
    const options = ["target=js+dts", "import_extension=js"];
    buf(image, ["polygate", "google/api", "google/rpc"], [plugin(["protoc-gen-es"], out, options)]);
    write(`${out}/service-config.js`, `export const serviceConfig = ${json(policy)};\n`);
    write(`${out}/service-config.d.ts`, serviceConfigTypes);
  },
  python({ image, files, policy }) {
    const out = "clients/python/src";
    const [interpreter] = toolsOf.python[0].probe;
    fresh(`${out}/polygate/v1`);
    const outputs = ["python", "mypy", "grpc_python", "mypy_grpc"].map(
      (name) => `--${name}_out=${out}`,
    );
    const compiler = ["-m", "grpc_tools.protoc", `--descriptor_set_in=${image}`];
    // The plugins for types stand next to the interpreter.
    const env = { ...process.env, PATH: `${dirname(interpreter)}:${process.env.PATH}` };
    execFileSync(interpreter, [...compiler, ...outputs, ...files], { env, stdio: "pipe" });
    write(`${out}/polygate/v1/__init__.py`, "");
    write(`${out}/polygate/service_config.json`, `${json(policy)}\n`);
  },
  go({ image, policy }) {
    const out = "clients/go";
    fresh(`${out}/v1`);
    const go = (path: string, version: string) => ["go", "run", `${path}@${version}`];
    const inModule = ["module=polygate"];
    buf(
      image,
      ["polygate"],
      [
        plugin(go("google.golang.org/protobuf/cmd/protoc-gen-go", "v1.36.12"), out, inModule),
        plugin(go("google.golang.org/grpc/cmd/protoc-gen-go-grpc", "v1.6.2"), out, inModule),
        plugin(go("connectrpc.com/connect/cmd/protoc-gen-connect-go", "v1.21.1"), out, inModule),
      ],
    );
    write(`${out}/service_config.json`, `${json(policy)}\n`);
  },
  java({ image, files }) {
    const out = fresh("clients/java/src/main/java");
    const protoc = fromMaven("com.google.protobuf", "protoc", "4.36.2");
    const grpc = fromMaven("io.grpc", "protoc-gen-grpc-java", "1.83.1");
    execFileSync(protoc, [
      `--descriptor_set_in=${image}`,
      `--java_out=${out}`,
      `--plugin=protoc-gen-grpc-java=${grpc}`,
      `--grpc-java_out=@generated=omit:${out}`,
      ...files,
    ]);
  },
  rust({ image }) {
    const out = fresh("clients/rust/src/gen");
    const manifest = ["--manifest-path", "clients/rust/generate/Cargo.toml"];
    const target = ["--target-dir", ".cache/rust"];
    execFileSync("cargo", ["run", "--quiet", "--locked", ...manifest, ...target, image, out]);
  },
};

/** What Maven calls the systems that programs are built for. */
const mavenSystems: Readonly<Record<string, string>> = {
  "linux x64": "linux-x86_64",
  "linux arm64": "linux-aarch_64",
  "darwin x64": "osx-x86_64",
  "darwin arm64": "osx-aarch_64",
  "win32 x64": "windows-x86_64",
};

/** Has Maven fetch a program for this system, and gives its path. */
function fromMaven(group: string, name: string, version: string): string {
  const folder = ".cache/java-tools";
  const { platform, arch } = process;
  const system = mavenSystems[`${platform} ${arch}`];
  if (system === undefined) throw new Error(`java: there is no ${name} for ${platform} ${arch}`);
  const artifact = `-Dartifact=${group}:${name}:${version}:exe:${system}`;
  execFileSync("mvn", ["-q", "-B", "dependency:copy", artifact, `-DoutputDirectory=${folder}`]);
  const path = resolve(folder, `${name}-${version}-${system}.exe`);
  chmodSync(path, 0o755);
  return path;
}

function plugin(local: readonly string[], out: string, opt: readonly string[]): object {
  return { local, out, opt };
}

/** Runs buf's plugins on the files below some folders of the image. */
function buf(image: string, folders: readonly string[], plugins: readonly object[]): void {
  const template = JSON.stringify({ version: "v2", plugins });
  const paths = folders.flatMap((folder) => ["--path", folder]);
  execFileSync("node_modules/.bin/buf", ["generate", image, "--template", template, ...paths], {
    env: { ...process.env, PATH: `node_modules/.bin:${process.env.PATH}` },
  });
}

function fresh(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}
