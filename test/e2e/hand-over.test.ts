/**
 * A port that outlives the program: a supervisor binds it, each program in turn inherits it, and no call fails
 * while one takes over from the other. It is systemd's protocol of socket activation.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { BoundSocket, connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Client, credentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
} from "#gen/grpc/health/v1/health_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ConfigFolder } from "../support/config-folder.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { fromSource, type PolygateProcess, startProcess } from "../support/polygate-process.ts";

const run = promisify(execFile);
const restarts = 5;
/** Between the calls of one client: the programs that start share the machine with them. */
const pauseMs = 10;

/** The embedded core alone: nothing else is of interest. */
const yaml = "gateway: { host: 127.0.0.1, port: 1, drain_timeout: 5s, drain_delay: 0s }\n";

function program(folder: ConfigFolder, socket: BoundSocket): Promise<PolygateProcess> {
  return startProcess({
    command: fromSource("serve", "--config", `${folder.path}/gateway.yaml`),
    env: { ...process.env, LISTEN_FDS: "1" },
    passed: [socket.fd()],
  });
}

/** A client that calls until it is told to stop. */
interface Load {
  readonly calls: number;
  readonly failures: readonly unknown[];
}

/** Makes one call after the other, each of which rejects when it fails. */
async function callOn(call: () => Promise<unknown>, signal: AbortSignal): Promise<Load> {
  const failures: unknown[] = [];
  let calls = 0;
  while (!signal.aborted) {
    calls += 1;
    await call().catch((thrown: unknown) => failures.push(thrown));
    await sleep(pauseMs);
  }
  return { calls, failures };
}

/**
 * Repeats what the server has not processed, as gRPC's clients do unasked (gRFC A6): Node's client
 * gives out streams on a connection that was just told GOAWAY.
 */
async function repeated(call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      if (!String(thrown).includes("NGHTTP2_REFUSED_STREAM")) throw thrown;
    }
  }
}

/** A request on a connection of its own, which is silent for a while first. */
async function lateRequest(port: number): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  await sleep(20);
  socket.write("GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
}

/** A call over HTTP/2 on a connection of its own. */
async function http2Request(port: number): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ":path": "/livez" });
    const [head] = await once(stream, "response");
    expect(head[":status"]).toBe(200);
    await text(stream);
  } finally {
    session.destroy();
  }
}

testWith(missingProgram("curl"))(
  "five programs take over from each other under load, and no call fails",
  async () => {
    using folder = new ConfigFolder({ "gateway.yaml": yaml });
    const socket = new BoundSocket({ host: "127.0.0.1", port: 0 });
    const { port } = socket.address() as { port: number };
    const url = `http://127.0.0.1:${port}`;
    let current = await program(folder, socket);
    expect(current.urls).toEqual([url]);
    const stop = new AbortController();
    const { signal } = stop;
    const chats = createClient(ChatService, createGrpcTransport({ baseUrl: url }));
    const grpcJs = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const check = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema));
    const askHealth = () =>
      new Promise((resolve, reject) => {
        grpcJs.makeUnaryRequest(
          `/${Health.typeName}/Check`,
          Buffer.from,
          (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes),
          check,
          (error, answer) => (error === null ? resolve(answer) : reject(error)),
        );
      });
    const clients: Readonly<Record<string, () => Promise<unknown>>> = {
      "connect-node over gRPC": () => repeated(() => chats.chat({ message: "hi" })),
      "@grpc/grpc-js": askHealth,
      "kept connections of fetch": async () => {
        const answer = await fetch(`${url}/livez`);
        expect(answer.status).toBe(200);
        await answer.text();
      },
      "connections that are silent at first": () => lateRequest(port),
      "new connections over HTTP/2": () => http2Request(port),
      curl: () => run("curl", ["--fail", "--silent", "--show-error", `${url}/livez`]),
    };
    const loads = Object.entries(clients).map(async ([name, call]) => ({
      name,
      ...(await callOn(call, signal)),
    }));
    for (let count = 0; count < restarts; count += 1) {
      const next = await program(folder, socket);
      expect(await current.stop("SIGTERM")).toBe(0);
      current = next;
    }
    stop.abort();
    for (const { name, calls, failures } of await Promise.all(loads)) {
      expect({ name, failures }).toEqual({ name, failures: [] });
      expect(calls).toBeGreaterThan(restarts);
    }
    grpcJs.close();
    expect(await current.stop("SIGTERM")).toBe(0);
    socket.close();
  },
  120_000,
);

/** What a program that should not start says. */
async function refusal(env: NodeJS.ProcessEnv, passed: readonly number[]) {
  using folder = new ConfigFolder({ "gateway.yaml": yaml });
  const [file = "", ...args] = fromSource("serve", "--config", `${folder.path}/gateway.yaml`);
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe", ...passed],
  });
  let said = "";
  child.stderr?.on("data", (piece) => {
    said += piece;
  });
  const [code] = await once(child, "close");
  return { code, said: said.trim() };
}

test("sockets that do not fit are refused when the program starts", async () => {
  const socket = new BoundSocket({ host: "127.0.0.1", port: 0 });
  const fd = socket.fd();
  const many = refusal({ LISTEN_FDS: "2" }, [fd, fd]);
  const noSocket = refusal({ LISTEN_FDS: "1" }, [0]);
  expect(await many).toEqual({
    code: 1,
    said: "polygate could not start: LISTEN_FDS passes 2 sockets for 1 listeners (gateway)",
  });
  expect(await noSocket).toEqual({
    code: 1,
    said: "polygate could not start: listener gateway: descriptor 3 is no bound socket",
  });
  socket.close();
});
