/** The protos in projects of their own: code is generated from a copy of them alone, and calls the gateway. */

import { equal } from "node:assert/strict";
import { globSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type Outcome, run } from "./program.ts";
import type { Report } from "./report.ts";
import type { Targets } from "./targets.ts";

const buf = resolve("node_modules/.bin/buf");
const answer = "12*7 = 84";

const pythonProgram = `import sys
import grpc
from polygate.v1 import chat_pb2, chat_pb2_grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    stub = chat_pb2_grpc.ChatServiceStub(channel)
    print(stub.Chat(chat_pb2.ChatRequest(message="what is 12*7?", use_tools=True)).response)
`;

const goProgram = `package main

import (
	"context"
	"fmt"
	"os"

	_ "example.com/app/gen/polyagent/core/v1"
	polygatev1 "example.com/app/gen/polygate/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	request := &polygatev1.ChatRequest{Message: "what is 12*7?", UseTools: true}
	response, err := polygatev1.NewChatServiceClient(connection).Chat(context.Background(), request)
	if err != nil {
		panic(err)
	}
	fmt.Println(response.GetResponse())
}
`;

const goGeneration = `version: v2
plugins:
  - { local: [go, tool, protoc-gen-go], out: gen, opt: paths=source_relative }
  - { local: [go, tool, protoc-gen-go-grpc], out: gen, opt: paths=source_relative }
inputs:
  - { directory: proto, paths: [proto/polygate, proto/polyagent] }
`;

/** Throws with what the program complained of when it failed. */
function done({ code, out, err }: Outcome): string {
  if (code !== 0) throw new Error(err || out);
  return out;
}

/** By grpcio-tools, with the Python at `path`. */
export async function pythonProtoCases(
  path: string,
  { plain }: Targets,
  report: Report,
): Promise<void> {
  await report.check("protos, python: generate and call", async () => {
    await using folder = await temporaryFolder();
    await cp("proto", join(folder.path, "proto"), { recursive: true });
    const main = await folder.write("gen/main.py", pythonProgram);
    const files = globSync("{polygate,polyagent,google,buf}/**/*.proto", { cwd: "proto" });
    const generated = ["python", "grpc_python", "pyi"].map((kind) => `--${kind}_out=gen`);
    const args = ["-m", "grpc_tools.protoc", "-I", "proto", ...generated, ...files];
    done(await run(path, args, { cwd: folder.path }));
    equal(done(await run(path, [main, plain])).includes(answer), true);
  });
}

/** By protoc-gen-go and protoc-gen-go-grpc, as the benchmark's module pins them. */
export async function goProtoCases(
  path: string,
  { plain }: Targets,
  report: Report,
): Promise<void> {
  await report.check("protos, go: generate and call", async () => {
    await using folder = await temporaryFolder();
    await cp("proto", join(folder.path, "proto"), { recursive: true });
    for (const file of ["go.mod", "go.sum"]) {
      const text = await readFile(join("bench/contenders/go", file), "utf8");
      await folder.write(file, text.replace(/^module .*/, "module example.com/app"));
    }
    await folder.write("buf.gen.yaml", goGeneration);
    await folder.write("main.go", goProgram);
    const there = { cwd: folder.path, env: { GOFLAGS: "-mod=mod" } };
    done(await run(buf, ["generate"], there));
    done(await run(path, ["build", "-o", "app", "."], there));
    equal(done(await run(join(folder.path, "app"), [plain])).includes(answer), true);
  });
}
