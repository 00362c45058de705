import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { ServerStream } from "#http2/server-stream.ts";
import { http2Listener } from "../support/http2-listener.ts";
import { missingProgram, missingPythonPackage, python, testWith } from "../support/needs.ts";

const run = promisify(execFile);

async function echo(stream: ServerStream): Promise<void> {
  const body = await stream.body(1 << 30);
  stream.respond(200, [["x-bytes", String(body.length)]], body, [["x-end", "yes"]]);
}

const body = "0123456789".repeat(20_000);

testWith(missingProgram("curl"))("curl sends and gets a large body", async () => {
  await using listener = await http2Listener({ onStream: echo });
  const url = `http://127.0.0.1:${listener.port}/`;
  const args = ["-s", "--http2-prior-knowledge", "--data-binary", "@-", "-w", "\n%{http_version}"];
  const curl = run("curl", [...args, url]);
  curl.child.stdin?.end(body);
  expect((await curl).stdout).toBe(`${body}\n2`);
  expect(listener.failures).toEqual([]);
});

/** Answers without looking at the body, as an unknown path or a wrong key does. */
async function refuse(stream: ServerStream): Promise<void> {
  stream.respond(404, [], "no such path");
}

testWith(missingProgram("curl"))(
  "curl gets a response that is there before its upload is sent, each time",
  async () => {
    await using listener = await http2Listener({ onStream: refuse });
    for (let count = 0; count < 20; count += 1) {
      const args = ["-s", "-m", "10", "--http2-prior-knowledge", "--data-binary", "@-"];
      const url = `http://127.0.0.1:${listener.port}/`;
      const curl = run("curl", [...args, "-w", " %{http_code}", url]);
      curl.child.stdin?.on("error", () => {});
      curl.child.stdin?.end("x".repeat(count % 2 === 0 ? 300_000 : 1_000_000));
      expect((await curl).stdout).toBe("no such path 404");
    }
    expect(listener.failures).toEqual([]);
  },
);

const httpxClient = `
import sys, httpx
statuses = set()
for size in [300_000, 1_000_000, 5_000_000] * 4:
    with httpx.Client(http2=True, http1=False, timeout=10) as client:
        statuses.add(client.post("http://127.0.0.1:" + sys.argv[1], content=b"x" * size).status_code)
print(statuses)
`;

testWith(missingPythonPackage("httpx") ?? missingPythonPackage("h2"))(
  "Python's httpx, which sends all before it reads, gets it too",
  async () => {
    await using listener = await http2Listener({ onStream: refuse });
    const { stdout } = await run(python, ["-c", httpxClient, String(listener.port)]);
    expect(stdout.trim()).toBe("{404}");
    expect(listener.failures).toEqual([]);
  },
);

testWith(missingProgram("nghttp"))(
  "nghttp gets answers with trailers, padded and prioritised requests",
  async () => {
    await using listener = await http2Listener({ onStream: echo });
    const urls = Array.from({ length: 20 }, (_, n) => `http://127.0.0.1:${listener.port}/${n}`);
    const { stdout } = await run("nghttp", ["-v", "-n", "-b", "50", "-p", "10", ...urls]);
    expect(stdout.match(/x-end: yes/g)?.length).toBe(20);
    expect(listener.failures).toEqual([]);
  },
);

const pythonClient = `
import socket, sys
import h2.connection, h2.config, h2.events
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
conn.initiate_connection()
size, calls = 150_000, 30
left, got, ended = {}, {}, set()
for call in range(calls):
    stream = conn.get_next_available_stream_id()
    conn.send_headers(stream, [(":method", "POST"), (":scheme", "http"), (":path", "/"),
        (":authority", "test"), ("x-call", str(call)), ("x-long", "v" * (call * 400))])
    left[stream], got[stream] = size, 0
while len(ended) < calls:
    for stream, bytes_left in list(left.items()):
        while bytes_left and (room := min(conn.local_flow_control_window(stream) - 8, 10_000, bytes_left)) > 0:
            conn.send_data(stream, b"x" * room, pad_length=7 if room < 9_000 else None)
            bytes_left -= room
        left[stream] = bytes_left
        if bytes_left == 0:
            conn.end_stream(stream)
            del left[stream]
    sock.sendall(conn.data_to_send())
    for event in conn.receive_data(sock.recv(65536)):
        if isinstance(event, h2.events.DataReceived):
            got[event.stream_id] += len(event.data)
            conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            assert (b"x-end", b"yes") in event.headers, event
        elif isinstance(event, h2.events.StreamEnded):
            ended.add(event.stream_id)
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
            raise SystemExit(repr(event))
assert all(count == size for count in got.values()), got
conn.close_connection()
sock.sendall(conn.data_to_send())
print("same")
`;

testWith(missingPythonPackage("h2"))(
  "Python's h2 holds thirty calls at once under flow control",
  async () => {
    await using listener = await http2Listener({ onStream: echo });
    const { stdout } = await run(python, ["-c", pythonClient, String(listener.port)]);
    expect(stdout.trim()).toBe("same");
    expect(listener.failures).toEqual([]);
  },
);
