/** OpenAI's own SDK asks for what is relayed beside chat: under the gateway's policy, in its client's own bytes. */

import { connect, constants } from "node:http2";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

const alice = "a-key-of-alice-that-is-long";
const bob = "a-key-of-bob-that-is-long-too";
const megabyte = 1024 * 1024;

let gateway: RunningGateway;
let openaiDouble: ProviderDouble;
let spare: ProviderDouble;
let anthropicDouble: ProviderDouble;

const yamlOf = (more = "") => `
gateway: { host: 127.0.0.1, port: 0, max_request_size: 192MB }
auth: { keys: [{ name: alice, key: ${alice} }, { name: bob, key: ${bob} }] }
load_balancer: { retry_attempts: 2 }
providers:
  openai: { base_url: "${openaiDouble.url}", api_key: upstream-key }
  spare: { dialect: openai, base_url: "${spare.url}", api_key: upstream-key }
  claude: { dialect: anthropic, base_url: "${anthropicDouble.url}", api_key: upstream-key, default_model: double }
routes:
  words: openai/whisper-9
  over: { fallback: ["openai/whisper-9", "spare/whisper-8"] }
${more}`;

beforeAll(async () => {
  openaiDouble = await startProvider("openai-chat");
  spare = await startProvider("openai-chat");
  anthropicDouble = await startProvider("anthropic");
  gateway = await startTestGateway({ yaml: yamlOf() });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const double of [openaiDouble, spare, anthropicDouble]) await double[Symbol.asyncDispose]();
});

beforeEach(() => {
  for (const { operations, faults } of [openaiDouble, spare]) {
    operations.received.length = 0;
    operations.files.clear();
    operations.batches.clear();
    operations.uploads.clear();
    operations.unknown.clear();
    operations.onPiece = () => {};
    operations.speech = { bytes: Buffer.from("RIFF speech") };
    faults.length = 0;
  }
});

const sdk = (apiKey = alice, { url } = gateway) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const lastSeen = () => openaiDouble.operations.received.at(-1);

/** A request by hand. */
function ask(path: string, init: RequestInit = {}, apiKey = alice): Promise<Response> {
  const headers = { authorization: `Bearer ${apiKey}`, ...init.headers };
  return fetch(`${gateway.url}${path}`, { method: "POST", ...init, headers });
}

const jsonHeaders = { "content-type": "application/json" };

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("operations that name a model", () => {
  test("a completion comes whole, from the model that the route means, under the gateway's key", async () => {
    const { data, response } = await sdk()
      .completions.create({ model: "openai/davinci", prompt: "Tell" })
      .withResponse();
    expect(data.choices[0]?.text).toBe("Once upon");
    expect(response.headers.get("x-polygate-provider")).toBe("openai");
    expect(response.headers.get("x-polygate-model")).toBe("davinci");
    expect(lastSeen()).toMatchObject({
      path: "/completions",
      fields: { model: "davinci", prompt: "Tell" },
    });
    expect(lastSeen()?.headers.authorization).toBe("Bearer upstream-key");
  });

  test("a completion comes as a stream, and its tokens are counted", async () => {
    const stream = await sdk().completions.create({ model: "words", prompt: "x", stream: true });
    const texts = (await collected(stream)).map(({ choices }) => choices[0]?.text);
    expect(texts).toEqual(["Once", " upon", ""]);
    const line = await gateway.line(
      ({ procedure, model }) =>
        procedure === "polygate.v1.RelayService/Relay" && model === "whisper-9",
    );
    expect(line).toMatchObject({ principal: "alice", endpoint: "/v1/completions", code: "OK" });
  });

  test("bytes of requests and responses pass as they are, but for the model's name", async () => {
    const body =
      '{ "of_tomorrow": 1.00,\n "model" :"openai\\/m é","query":"q", "documents":["a"] }';
    const response = await ask("/v1/rerank", { body, headers: jsonHeaders });
    expect(response.status).toBe(200);
    expect(lastSeen()?.bytes.toString()).toBe(body.replace('"openai\\/m é"', '"m é"'));
    expect(await response.json()).toMatchObject({ results: [{ index: 1 }] });
  });

  test("images are made and edited", async () => {
    const made = await sdk().images.generate({ model: "openai/gpt-image", prompt: "A cat" });
    expect(made.data?.[0]?.b64_json).toBe("aGk=");
    const image = await toFile(Buffer.alloc(1000, 7), "cat.png", { type: "image/png" });
    await sdk().images.edit({ image, model: "openai/gpt-image", prompt: "A dog" });
    expect(lastSeen()?.fields).toEqual({ image: 1000, model: "gpt-image", prompt: "A dog" });
  });

  test("moderations and images need not name a model: relay.provider takes them, with its own", async () => {
    const moderation = await sdk().moderations.create({ input: "x" });
    expect(moderation.model).toBe("own-default");
    await sdk().images.generate({ prompt: "A cat" });
    expect(lastSeen()?.fields).toEqual({ prompt: "A cat" });
    expect(spare.operations.received).toEqual([]);
  });

  test("speech comes as the bytes that it is", async () => {
    const bytes = Buffer.alloc(3 * megabyte, Buffer.from([0, 255, 13, 10, 128]));
    openaiDouble.operations.speech = { bytes };
    const request = { model: "openai/tts", voice: "alloy", input: "x" };
    const response = await sdk().audio.speech.create(request);
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    const disposition = response.headers.get("content-disposition");
    expect(disposition).toBe('attachment; filename="\u00e9.mp3"');
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test("speech comes as events where it is asked for so", async () => {
    const body = JSON.stringify({ model: "openai/tts", stream_format: "sse", input: "x" });
    const response = await ask("/v1/audio/speech", { body, headers: jsonHeaders });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).toMatch(/^data: \{"type":"speech.audio.done".*\}\n\n$/);
  });

  test("a transcription is made of a file of some megabytes, whichever field comes first", async () => {
    const file = await toFile(Buffer.alloc(3 * megabyte, 5), "talk.mp3");
    const before = await sdk().audio.transcriptions.create({ model: "words", file });
    expect(before.text).toBe("Hello");
    expect(lastSeen()?.fields).toEqual({ model: "whisper-9", file: 3 * megabyte });
    await sdk().audio.translations.create({ file, model: "words" });
    expect(lastSeen()?.fields).toEqual({ model: "whisper-9", file: 3 * megabyte });
  });

  test("a transcription comes as a stream", async () => {
    const file = await toFile(Buffer.alloc(10), "talk.mp3");
    const stream = await sdk().audio.transcriptions.create({ file, model: "words", stream: true });
    const types = (await collected(stream)).map(({ type }) => type);
    expect(types).toEqual(["transcript.text.delta", "transcript.text.done"]);
  });
});

describe("files and batches", () => {
  const upload = async (apiKey = alice, of = gateway) =>
    sdk(apiKey, of).files.create({
      file: await toFile(Buffer.from('{"custom_id":"1"}\n'), "in.jsonl"),
      purpose: "batch",
    });

  test("a file is made, read, listed, fetched and deleted by an id that is the gateway's", async () => {
    const made = await upload();
    expect(made.id).toMatch(/^file-pg_[\w-]+$/);
    expect(made).toMatchObject({ object: "file", purpose: "batch", bytes: 1 });
    expect(lastSeen()?.fields).toEqual({ file: 18, purpose: "batch" });
    expect(await sdk().files.retrieve(made.id)).toEqual(made);
    expect((await collected(sdk().files.list())).map(({ id }) => id)).toEqual([made.id]);
    const content = await sdk().files.content(made.id);
    expect(await content.text()).toBe("content of file-up1".replace("1", lastUpload()));
    const gone = await sdk().files.delete(made.id);
    expect(gone).toEqual({ id: made.id, object: "file", deleted: true });
    await expect(sdk().files.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    expect(await collected(sdk().files.list())).toEqual([]);
  });

  /** The number that the double gave its last file. */
  const lastUpload = () => /\d+/.exec(lastSeen()?.path ?? "")?.[0] ?? "";

  test("the bytes of a file's object pass as they are, but for its id", async () => {
    const { id } = await upload();
    const response = await ask(`/v1/files/${id}`, { method: "GET" });
    const raw = JSON.stringify([...openaiDouble.operations.files.values()][0]?.object);
    expect(await response.text()).toBe(raw.replace(/file-up\d+/, id));
  });

  test("a file comes in parts by an upload, whose ids are one's own, and is then one's own file", async () => {
    const upload = await sdk().uploads.create({
      bytes: 8,
      filename: "a.jsonl",
      mime_type: "application/jsonl",
      purpose: "batch",
    });
    expect(upload).toMatchObject({ object: "upload", status: "pending", file: null });
    expect(upload.id).toMatch(/^upload_pg_[\w-]+$/);
    expect(lastSeen()?.fields).toMatchObject({ bytes: 8, purpose: "batch" });
    const parts = [];
    for (const data of ["half", "rest"]) {
      const part = await toFile(Buffer.from(data), "part");
      parts.push(await sdk().uploads.parts.create(upload.id, { data: part }));
      expect(lastSeen()?.fields).toEqual({ data: 4 });
    }
    expect(parts.map(({ id, upload_id }) => [id.slice(0, 8), upload_id])).toEqual([
      ["part_pg_", upload.id],
      ["part_pg_", upload.id],
    ]);
    const part_ids = parts.map(({ id }) => id);
    const done = await sdk().uploads.complete(upload.id, { part_ids });
    expect(done).toMatchObject({ id: upload.id, status: "completed" });
    expect(done.file?.id).toMatch(/^file-pg_[\w-]+$/);
    const [own] = openaiDouble.operations.uploads.values();
    const content = await sdk().files.content(done.file?.id ?? "");
    expect(await content.text()).toBe([...(own?.parts ?? [])].join());
    await expect(sdk(bob).files.retrieve(done.file?.id ?? "")).rejects.toMatchObject({
      status: 404,
    });
    const other = await sdk().uploads.create({
      bytes: 1,
      filename: "b",
      mime_type: "text/plain",
      purpose: "batch",
    });
    expect((await sdk().uploads.cancel(other.id)).status).toBe("cancelled");
  });

  test("uploads and parts of others are those of nobody, and no provider is asked", async () => {
    const wish = { bytes: 8, filename: "a", mime_type: "text/plain", purpose: "batch" } as const;
    const upload = await sdk().uploads.create(wish);
    const own = await sdk(bob).uploads.create(wish);
    const data = () => toFile(Buffer.from("half"), "part");
    const part = await sdk().uploads.parts.create(upload.id, { data: await data() });
    const asked = openaiDouble.operations.received.length;
    const tries = [
      async () => sdk(bob).uploads.parts.create(upload.id, { data: await data() }),
      () => sdk(bob).uploads.complete(upload.id, { part_ids: [] }),
      () => sdk(bob).uploads.cancel(upload.id),
      () => sdk(bob).uploads.complete(own.id, { part_ids: [part.id] }),
      () => sdk().uploads.complete(upload.id, { part_ids: ["part_up2"] }),
      () => sdk().files.retrieve(upload.id),
    ];
    for (const attempt of tries) {
      await expect(attempt()).rejects.toMatchObject({
        status: 404,
        message: expect.stringMatching(/No such (Upload|Part|File) object/),
      });
    }
    expect(openaiDouble.operations.received.length).toBe(asked);
    for (const part_ids of ["all", Array(10_001).fill(part.id)]) {
      const refusal = await ask(`/v1/uploads/${upload.id}/complete`, {
        headers: jsonHeaders,
        body: JSON.stringify({ part_ids }),
      });
      expect([refusal.status, await refusal.json()]).toMatchObject([
        400,
        { error: { param: "part_ids" } },
      ]);
    }
  });

  test("a batch is made of one's own file, read, listed and cancelled; its files are one's own, too", async () => {
    const input = await upload();
    const batch = await sdk().batches.create({
      input_file_id: input.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    expect(batch.id).toMatch(/^batch_pg_[\w-]+$/);
    expect(batch.input_file_id).toBe(input.id);
    expect(lastSeen()?.fields.input_file_id).toMatch(/^file-up\d+$/);
    expect(await sdk().batches.retrieve(batch.id)).toEqual(batch);
    expect((await collected(sdk().batches.list())).map(({ id }) => id)).toEqual([batch.id]);
    const results = await sdk().files.content(batch.output_file_id ?? "");
    expect(await results.text()).toBe("results");
    expect((await sdk().batches.cancel(batch.id)).status).toBe("cancelling");
  });

  test("another principal is told that there is no such object, and its lists do not show it", async () => {
    const file = await upload();
    const batch = await sdk().batches.create({
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    openaiDouble.operations.received.length = 0;
    const tries: readonly (() => PromiseLike<unknown>)[] = [
      () => sdk(bob).files.retrieve(file.id),
      () => sdk(bob).files.content(file.id),
      () => sdk(bob).files.delete(file.id),
      () => sdk(bob).batches.retrieve(batch.id),
      () => sdk(bob).batches.cancel(batch.id),
      () => sdk(bob).files.retrieve(batch.output_file_id ?? ""),
      () => sdk(bob).files.list({ after: file.id }),
      () =>
        sdk(bob).batches.create({
          input_file_id: file.id,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
        }),
    ];
    for (const attempt of tries) {
      await expect(attempt()).rejects.toMatchObject({
        status: 404,
        type: "invalid_request_error",
        message: expect.stringMatching(/No such (File|Batch) object: (file-|batch_)pg_/),
      });
    }
    expect(openaiDouble.operations.received, "nobody was asked").toEqual([]);
    expect(await collected(sdk(bob).files.list())).toEqual([]);
    expect(await collected(sdk(bob).batches.list())).toEqual([]);
    expect(await collected(sdk(alice).batches.list())).toHaveLength(1);
  });

  test("a provider's own id, one of another kind and one that was changed are no ids", async () => {
    const { id } = await upload();
    const changed = id.slice(0, -1) + (id.endsWith("A") ? "B" : "A");
    const raw = [...openaiDouble.operations.files.keys()][0] ?? "";
    openaiDouble.operations.received.length = 0;
    for (const wrong of [raw, changed, `${id}A`, "file-pg_", "file-pg_..%2F..%2Fmodels", "x"]) {
      const response = await ask(`/v1/files/${wrong}`, { method: "GET" });
      expect(response.status, wrong).toBe(404);
    }
    const asBatch = id.replace("file-pg_", "batch_pg_");
    expect((await ask(`/v1/batches/${asBatch}`, { method: "GET" })).status).toBe(404);
    expect(openaiDouble.operations.received).toEqual([]);
  });

  test("lists go through the provider's pages until they have as many of one's own as were asked for", async () => {
    const own: string[] = [];
    for (let index = 0; index < 130; index += 1) {
      const id = `file-strange${index}`;
      openaiDouble.operations.files.set(id, {
        object: { id, object: "file" },
        content: Buffer.alloc(0),
      });
      if (index % 43 === 0) own.unshift((await upload()).id);
    }
    expect((await collected(sdk().files.list())).map(({ id }) => id)).toEqual(own);
    const first = await sdk().files.list({ limit: 2 });
    expect(first.data.map(({ id }) => id)).toEqual(own.slice(0, 2));
    expect(first.has_more).toBe(true);
    const rest = await sdk().files.list({ limit: 2, after: own[1] as string });
    expect(rest.data.map(({ id }) => id)).toEqual(own.slice(2));
    expect((await ask("/v1/files?limit=-1", { method: "GET" })).status).toBe(400);
  });

  test("a chat that names one's own file is told to the file's provider by its own id; another's is not", async () => {
    const { id } = await upload();
    const raw = [...openaiDouble.operations.files.keys()][0] as string;
    const chat = (apiKey: string, model: string) =>
      sdk(apiKey).chat.completions.create({
        model,
        messages: [{ role: "user", content: [{ type: "file", file: { file_id: id } }] }],
      });
    const told = ({ received }: ProviderDouble) => received.at(-1)?.bytes.toString();
    await chat(alice, "openai/m");
    expect(told(openaiDouble)).toContain(`{"file_id":"${raw}"}`);
    await sdk(alice).responses.create({
      model: "openai/m",
      input: [{ role: "user", content: [{ type: "input_file", file_id: id }] }],
    });
    expect(told(openaiDouble), "translated").toContain(`"file_id":"${raw}"`);
    await chat(bob, "openai/m");
    expect(told(openaiDouble)).toContain(`{"file_id":"${id}"}`);
    await chat(alice, "spare/m");
    expect(told(spare)).toContain(`{"file_id":"${id}"}`);
  });

  test("with relay.id_secret ids outlive the gateway; without, they end with it", async () => {
    const secret = "relay: { id_secret: a-secret-of-at-least-32-characters }";
    const kept: string[] = [];
    await using first = await startTestGateway({ yaml: yamlOf(secret) });
    kept.push((await upload(alice, first)).id, (await upload(alice)).id);
    await using second = await startTestGateway({ yaml: yamlOf(secret) });
    expect((await sdk(alice, second).files.retrieve(kept[0] as string)).id).toBe(kept[0]);
    await expect(sdk(alice, second).files.retrieve(kept[1] as string)).rejects.toMatchObject({
      status: 404,
    });
    await expect(sdk(bob, second).files.retrieve(kept[0] as string)).rejects.toMatchObject({
      status: 404,
    });
  });
});

/** A form by hand: parts of a head and a content each. */
function form(parts: readonly (readonly [head: string, content: string])[], end = "--B--\r\n") {
  const body = parts.map(([head, content]) => `--B\r\n${head}\r\n\r\n${content}\r\n`).join("");
  return {
    body: body + end,
    headers: { "content-type": "multipart/form-data; boundary=B" },
  };
}

const part = (name: string) => `content-disposition: form-data; name="${name}"`;
const filePart = `${part("file")}; filename="a.mp3"`;

describe("forms are passed on while they are being sent", () => {
  test("what is between client and provider is bounded, however long the form is", async () => {
    const total = 160 * megabyte;
    let sent = 0;
    let arrived = 0;
    let mostUnderWay = 0;
    openaiDouble.operations.onPiece = async (count) => {
      arrived += count;
      mostUnderWay = Math.max(mostUnderWay, sent - arrived);
      await new Promise((resolve) => setImmediate(resolve));
    };
    async function* pieces() {
      const [start, end] = form([
        [part("model"), "words"],
        [filePart, "|"],
      ]).body.split("|") as [string, string];
      yield Buffer.from(start);
      for (; sent < total; sent += 65_536) yield Buffer.alloc(65_536, 1);
      yield Buffer.from(end);
    }
    const { headers } = form([]);
    const init = { body: pieces(), headers, duplex: "half" };
    const response = await ask("/v1/audio/transcriptions", init as unknown as RequestInit);
    expect(await response.json()).toMatchObject({ saw: { model: "whisper-9", file: total } });
    expect(mostUnderWay).toBeGreaterThan(0);
    expect(mostUnderWay).toBeLessThan(total / 3);
  }, 60_000);

  test("a model that stands behind more than relay.look_ahead is refused by name, and nobody is asked", async () => {
    const { body, headers } = form([
      [filePart, "x".repeat(5 * megabyte)],
      [part("model"), "words"],
    ]);
    const response = await ask("/v1/audio/transcriptions", { body, headers });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        message: expect.stringMatching(/^model: not found in the first \d+ bytes .*look_ahead$/),
        type: "invalid_request_error",
        param: "model",
      },
    });
    expect(openaiDouble.operations.received).toEqual([]);
  });

  test.each([
    ["no model", form([[filePart, "x"]]), /^model: is missing$/],
    ["an empty one", form([[part("model"), ""]]), /^model: is missing$/],
    ["a long one", form([[part("model"), "m".repeat(2000)]]), /^model: has more than 1024 bytes$/],
    [
      "two of them",
      form([
        [part("model"), "words"],
        [part("model"), "openai/forbidden"],
      ]),
      /^model: is given twice in the form$/,
    ],
    [
      "one in a part of two names",
      form([[`${part("prompt")}; name="model"`, "words"]]),
      /a part has two names$/,
    ],
    ["a head without end", form([], `--B\r\n${"x".repeat(100_000)}`), /head exceeds 8192 bytes$/],
    ["a boundary that never comes", form([], "x".repeat(100_000)), /cut off or broken$/],
    [
      "10,000 parts",
      form(Array.from({ length: 10_000 }, (_, index) => [part(`a${index}`), "1"] as const)),
      /more than 256 parts$/,
    ],
  ])("a form with %s is refused in OpenAI's shape", async (_name, { body, headers }, message) => {
    const response = await ask("/v1/audio/transcriptions", { body, headers });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ type: "invalid_request_error" });
    expect(error.message).toMatch(message);
    expect(openaiDouble.operations.received.filter(({ isAborted }) => !isAborted)).toEqual([]);
  });

  test.each([
    ["a second model", [part("model"), "openai/forbidden"] as const],
    ["too many parts", [`${part("x")}\r\n\r\n1\r\n--B\r\n`.repeat(300) + part("y"), "1"] as const],
  ])("%s behind the bytes that were looked at breaks the request off", async (_name, last) => {
    const { body, headers } = form([
      [part("model"), "words"],
      [filePart, "x".repeat(3 * megabyte)],
      last,
    ]);
    const response = await ask("/v1/audio/transcriptions", { body, headers });
    expect(response.status).toBe(400);
    await expect.poll(() => lastSeen()?.isAborted).toBe(true);
  });

  test("a form whose content type names two boundaries is refused", async () => {
    const { body } = form([[part("model"), "words"]]);
    const headers = { "content-type": "multipart/form-data; boundary=B; boundary=C" };
    const response = await ask("/v1/audio/transcriptions", { body, headers });
    expect(response.status).toBe(400);
    expect(openaiDouble.operations.received).toEqual([]);
  });

  test("a body beyond max_request_size is refused before anybody is asked", async () => {
    const body = new Uint8Array(193 * megabyte);
    const response = await ask("/v1/files", {
      body,
      headers: { "content-type": "multipart/form-data; boundary=B" },
    });
    expect(response.status).toBe(413);
    expect(openaiDouble.operations.received).toEqual([]);
  });
});

test("a client that reads slowly slows the provider: little waits in between", async () => {
  const times = 1280;
  const piece = Buffer.alloc(65_536, 3);
  let said = 0;
  let heard = 0;
  let mostUnderWay = 0;
  openaiDouble.operations.speech = {
    bytes: piece,
    times,
    onSaid: (count) => {
      said += count;
      mostUnderWay = Math.max(mostUnderWay, said - heard);
    },
  };
  const request = { model: "openai/tts", voice: "alloy", input: "x" };
  const { body } = await sdk().audio.speech.create(request);
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    heard += bytes.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(heard).toBe(times * piece.length);
  expect(mostUnderWay).toBeLessThan(heard / 3);
}, 60_000);

test("what is read ahead of a model counts in buffer_limit: who holds most is refused", async () => {
  const yaml = yamlOf("relay: { look_ahead: 4MB }").replace(
    "max_request_size: 192MB",
    "max_request_size: 4MB, buffer_limit: 8MB",
  );
  await using small = await startTestGateway({ yaml });
  const leave = new AbortController();
  const { headers } = form([]);
  const statuses = Array.from({ length: 4 }, async () => {
    async function* pieces() {
      yield Buffer.from(form([], `--B\r\n${filePart}\r\n\r\n`).body);
      for (let sent = 0; sent < 3 * megabyte; sent += 65_536) yield Buffer.alloc(65_536);
      // The rest never comes.
      await new Promise<void>((resolve) => {
        leave.signal.addEventListener("abort", () => resolve());
      });
    }
    const response = await fetch(`${small.url}/v1/audio/transcriptions`, {
      method: "POST",
      body: pieces(),
      headers: { ...headers, authorization: `Bearer ${alice}` },
      duplex: "half",
      signal: leave.signal,
    } as unknown as RequestInit);
    return response.status;
  });
  expect(await Promise.race(statuses)).toBe(503);
  leave.abort();
  await Promise.allSettled(statuses);
  expect(openaiDouble.operations.received).toEqual([]);
}, 30_000);

test("over HTTP/2 a form is passed on while it is sent, and a stream that is reset cancels the provider's call", async () => {
  const session = connect(gateway.url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/v1/audio/transcriptions",
    authorization: `Bearer ${alice}`,
    "content-type": "multipart/form-data; boundary=B",
  });
  stream.on("error", () => {});
  stream.write(form([[part("model"), "words"]], `--B\r\n${filePart}\r\n\r\nx`).body);
  await expect.poll(() => lastSeen()?.path).toBe("/audio/transcriptions");
  expect(lastSeen()?.isAborted).toBe(false);
  stream.close(constants.NGHTTP2_CANCEL);
  await expect.poll(() => lastSeen()?.isAborted).toBe(true);
  session.close();
});

describe("what goes wrong", () => {
  const file = () => toFile(Buffer.alloc(2 * megabyte, 5), "talk.mp3");

  test("a client that leaves cancels the provider's call, upload and download alike", async () => {
    openaiDouble.operations.speech = { bytes: Buffer.alloc(100), isEndless: true };
    const request = { model: "openai/tts", voice: "alloy", input: "x" };
    const speech = await sdk().audio.speech.create(request);
    const reader = (speech.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value?.length).toBeGreaterThan(0);
    await reader.cancel();
    await expect.poll(() => lastSeen()?.isAborted).toBe(true);

    const quit = new AbortController();
    async function* pieces() {
      yield Buffer.from(form([[part("model"), "words"]], `--B\r\n${filePart}\r\n\r\n`).body);
      for (;;) {
        yield Buffer.alloc(1000);
        if (lastSeen()?.path === "/audio/transcriptions") quit.abort();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const { headers } = form([]);
    const init = { body: pieces(), headers, duplex: "half", signal: quit.signal };
    await expect(
      ask("/v1/audio/transcriptions", init as unknown as RequestInit),
    ).rejects.toMatchObject({ name: "AbortError" });
    await expect.poll(() => lastSeen()?.isAborted).toBe(true);
  });

  test("a stream that breaks ends with an error between two events, and none is made up", async () => {
    openaiDouble.faults.push({ kind: "reset_after", frames: 2 });
    const stream = await sdk().completions.create({ model: "words", prompt: "x", stream: true });
    const texts: unknown[] = [];
    const reading = (async () => {
      for await (const { choices } of stream) texts.push(choices[0]?.text);
    })();
    await expect(reading).rejects.toMatchObject({ message: expect.stringMatching(/provider/) });
    expect(texts).toEqual(["Once", " upon"]);
  });

  test("a refusal of the client's own request comes in the provider's words", async () => {
    const error = { message: "Bad voice", type: "invalid_request_error", param: "voice", x: 1.5 };
    openaiDouble.faults.push({ kind: "status", status: 400, body: { error } });
    const request = { model: "openai/tts", voice: "alloy", input: "x" };
    await expect(sdk().audio.speech.create(request)).rejects.toMatchObject({ status: 400, error });
  });

  test("another provider answers in the place of one that failed, until the form was passed on in part", async () => {
    openaiDouble.faults.push({ kind: "status", status: 503 });
    const small = await toFile(Buffer.alloc(1000, 5), "talk.mp3");
    const { response } = await sdk()
      .audio.transcriptions.create({ file: small, model: "over" })
      .withResponse();
    expect(response.headers.get("x-polygate-provider")).toBe("spare");
    expect(spare.operations.received.at(-1)?.fields).toEqual({ file: 1000, model: "whisper-8" });

    spare.operations.received.length = 0;
    openaiDouble.faults.push({ kind: "status", status: 503 });
    const asked = sdk().audio.transcriptions.create({ model: "over", file: await file() });
    await expect(asked).rejects.toMatchObject({ status: 503 });
    expect(spare.operations.received).toEqual([]);
  });

  test("a provider that refuses before it has read the form is heard at once", async () => {
    openaiDouble.faults.push({ kind: "early" });
    let pieces = 0;
    async function* endless() {
      yield Buffer.from(form([[part("model"), "words"]], `--B\r\n${filePart}\r\n\r\n`).body);
      for (; pieces < 1000; pieces += 1) {
        yield Buffer.alloc(65_536);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const { headers } = form([]);
    const init = { body: endless(), headers, duplex: "half" };
    const response = await ask("/v1/audio/transcriptions", init as unknown as RequestInit);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: { message: "Go away" } });
    expect(pieces).toBeLessThan(1000);
  });

  test("a provider that says nothing is given up after gateway.timeout", async () => {
    const yaml = yamlOf().replace("port: 0,", "port: 0, timeout: 200ms,");
    await using hasty = await startTestGateway({ yaml });
    openaiDouble.faults.push({ kind: "stall" });
    const asked = sdk(alice, hasty).images.generate({ model: "openai/m", prompt: "x" });
    await expect(asked).rejects.toMatchObject({ status: 504 });
    await expect.poll(() => lastSeen()?.isAborted).toBe(true);
  });

  test("a provider that does not know the path is unsupported, and a fallback is asked", async () => {
    openaiDouble.operations.unknown.add("/rerank");
    const body = (model: string) => ({
      body: JSON.stringify({ model, query: "q", documents: [] }),
      headers: jsonHeaders,
    });
    const refused = await ask("/v1/rerank", body("openai/r"));
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({
      error: { message: "the provider does not know POST /rerank" },
    });
    expect((await ask("/v1/rerank", body("over"))).headers.get("x-polygate-provider")).toBe(
      "spare",
    );
  });

  test("a model of a provider that speaks another API is unsupported by name", async () => {
    const asked = sdk().images.generate({ model: "claude/double", prompt: "x" });
    await expect(asked).rejects.toMatchObject({
      status: 404,
      message: expect.stringMatching(/"claude\/double" speaks OpenAI's API/),
    });
  });

  test.each([
    ["no key", { headers: { authorization: "Bearer wrong-wrong-wrong" } }, 401],
    ["no JSON", { body: "{", headers: jsonHeaders }, 400],
    ["a list", { body: "[]", headers: jsonHeaders }, 400],
    ["no model", { body: "{}", headers: jsonHeaders }, 400],
    ["a model that is a number", { body: '{"model":1}', headers: jsonHeaders }, 400],
    ["an unknown model", { body: '{"model":"nobody/knows"}', headers: jsonHeaders }, 404],
    ["another method", { method: "PUT" }, 405],
  ])("a request with %s is refused in OpenAI's shape", async (_name, init, status) => {
    const response = await ask("/v1/completions", init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String), type: expect.any(String) },
    });
  });

  test("a model that stands in a body before one that is none is refused: others may read the first", async () => {
    const body = '{"input":"x","model":"openai/forbidden","model":null}';
    const response = await ask("/v1/moderations", { body, headers: jsonHeaders });
    expect(response.status).toBe(400);
    expect(openaiDouble.operations.received).toEqual([]);
  });

  test("a form with a content coding is refused, which nobody would undo", async () => {
    const { body, headers } = form([[part("model"), "words"]]);
    const coded = { ...headers, "content-encoding": "gzip" };
    for (const path of ["/v1/files", "/v1/audio/transcriptions"]) {
      expect((await ask(path, { body, headers: coded })).status).toBe(415);
    }
    expect(openaiDouble.operations.received).toEqual([]);
  });

  test("an upload in many pieces is one call: to the limits, in the log and in the metrics", async () => {
    const yaml = yamlOf("rate_limiting: { requests_per_minute: 1, burst: 3 }");
    await using limited = await startTestGateway({ yaml });
    const talk = await file();
    const { response } = await sdk(alice, limited)
      .audio.transcriptions.create({ model: "words", file: talk })
      .withResponse();
    expect(response.headers.get("ratelimit-remaining")).toBe("2");
    const line = await limited.line(({ endpoint }) => endpoint === "/v1/audio/transcriptions");
    expect(line).toMatchObject({
      procedure: "polygate.v1.RelayService/RelayUpload",
      principal: "alice",
      model: "whisper-9",
      upstream: "openai",
    });
    const metrics = await (await fetch(`${limited.url}/metrics`)).text();
    expect(metrics).toMatch(/^ai_gateway_requests_total\{backend="llm",status="OK"\} 1$/m);
    expect(metrics).toMatch(/^grpc_server_handled_total\{.*"RelayUpload".*"OK".*\} 1$/m);
  });

  test("where no provider stands out, what names no model asks for relay.provider", async () => {
    const yaml = yamlOf().replace("  openai: {", "  other: { dialect: openai,");
    const routes = yaml.slice(yaml.indexOf("routes:"));
    await using several = await startTestGateway({ yaml: yaml.replace(routes, "") });
    await expect(sdk(alice, several).moderations.create({ input: "x" })).rejects.toMatchObject({
      status: 404,
      message: expect.stringMatching(/no provider takes \/v1\/moderations: .*relay\.provider/),
    });
    const chosen = `${yaml.replace(routes, "")}\nrelay: { provider: spare }`;
    await using told = await startTestGateway({ yaml: chosen });
    await sdk(alice, told).moderations.create({ input: "x" });
    expect(spare.operations.received.at(-1)?.path).toBe("/moderations");
  });

  test("RPC does not serve what only the surface may call", async () => {
    const path = "/polygate.v1.RelayService/Relay";
    const response = await ask(path, {
      body: "{}",
      headers: { "content-type": "application/connect+json" },
    });
    expect(response.status).toBe(404);
  });

  test("a refusal of the gateway's key is the gateway's trouble, in its words", async () => {
    await using own = await startTestGateway({ yaml: yamlOf() });
    const request = { model: "openai/tts", voice: "alloy", input: "x" };
    openaiDouble.faults.push({
      kind: "status",
      status: 401,
      body: { error: { message: "Incorrect API key provided: upstream-key" } },
    });
    await expect(sdk(alice, own).audio.speech.create(request)).rejects.toMatchObject({
      status: 502,
      code: "upstream_credential",
      message: expect.not.stringContaining("upstream-key"),
    });
  });
});
