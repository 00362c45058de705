/** Slices watched at an API that speaks the real wire, well or not. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { KubernetesSettings } from "#backends/discovery-settings.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { kubernetesResolve } from "#discovery/kubernetes.ts";
import { type KubernetesDouble, startKubernetes } from "../../support/kubernetes-double.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { fixture } from "../../support/tls.ts";

/** Waits for what a busy machine may do late. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

const ports = [{ name: "grpc", port: 50_051 }];

/** A watch of the service `cores`, and what it finds. */
class Watching implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "polygate-token-"));
  readonly #stop = new AbortController();
  readonly #resolve: ReturnType<typeof kubernetesResolve>;

  constructor({ url }: KubernetesDouble, clock: Clock = systemClock, authority = "ca.crt") {
    this.writeToken("a-token");
    const settings: KubernetesSettings = {
      source: "kubernetes",
      written: "cores.prod:grpc",
      service: "cores",
      namespace: "prod",
      port: "grpc",
      family: "any",
      host: "cores.prod.svc",
      scheme: "http",
      path: "",
      endpointsMax: 64,
      api: { origin: url, tokenFile: `${this.folder}/token`, caFile: fixture(authority) },
    };
    this.#resolve = kubernetesResolve(settings, { clock, rng: seededRng(1) });
  }

  writeToken(token: string): void {
    writeFileSync(`${this.folder}/token`, `${token}\n`);
  }

  /** The addresses after the next change. */
  async next(): Promise<string[]> {
    const { places } = await this.#resolve(this.#stop.signal);
    return places.map(({ address }) => address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.next().catch(() => {});
    rmSync(this.folder, { recursive: true });
  }
}

const watched = (api: KubernetesDouble) => eventually(() => api.watches()).toBe(1);
const lists = (api: KubernetesDouble) =>
  api.asked.filter(({ searchParams }) => !searchParams.has("watch")).length;

test("what is there is listed, in pages, and each change is heard of", async () => {
  await using api = await startKubernetes();
  api.pageMax = 1;
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.1"], ports });
  api.put("cores-2", { service: "cores", endpoints: ["10.0.0.2"], ports });
  api.put("other-1", { service: "other", endpoints: ["10.9.9.9"], ports });
  await using watching = new Watching(api);
  expect(await watching.next()).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(lists(api)).toBe(2);
  await watched(api);
  api.put("cores-2", { service: "cores", endpoints: ["10.0.0.2", "10.0.0.3"], ports });
  expect(await watching.next()).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  api.remove("cores-1");
  expect(await watching.next()).toEqual(["10.0.0.2", "10.0.0.3"]);
  api.put("cores-2", { service: "cores", endpoints: [], ports });
  expect(await watching.next()).toEqual([]);
  expect(lists(api)).toBe(2);
  const query = Object.fromEntries(api.asked.at(-1)?.searchParams ?? []);
  expect(query).toMatchObject({ watch: "1", allowWatchBookmarks: "true", resourceVersion: "1003" });
});

test("a watch that its time ends goes on from the last bookmark, and lists nothing again", async () => {
  await using api = await startKubernetes();
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.1"], ports });
  const clock = createManualClock();
  await using watching = new Watching(api, clock);
  await watching.next();
  await watched(api);
  api.bookmark();
  api.put("other-1", { service: "other", endpoints: ["10.9.9.9"], ports });
  await clock.advance(60_000);
  api.end("whole");
  await eventually(() => api.asked.length).toBe(3);
  expect(api.asked.at(-1)?.searchParams.get("resourceVersion")).toBe("1002");
  await watched(api);
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.2"], ports });
  expect(await watching.next()).toEqual(["10.0.0.2"]);
  expect(lists(api)).toBe(1);
  expect(clock.sleeping(), "no other watch waits for its turn").toBe(0);
});

test.each([
  ["says 410 in an event", (api: KubernetesDouble) => api.forget()],
  ["breaks in the middle of an event", (api: KubernetesDouble) => api.end("mid-line")],
  ["ends at once", (api: KubernetesDouble) => api.end("whole")],
  ["says what is no JSON", (api: KubernetesDouble) => api.say("<html>\n")],
  ["never ends its line", (api: KubernetesDouble) => api.say("x".repeat(5 << 20))],
])("a watch that %s is listed again, and misses nothing", async (_case, trouble) => {
  await using api = await startKubernetes();
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.1"], ports });
  await using watching = new Watching(api);
  await watching.next();
  await watched(api);
  trouble(api);
  await eventually(() => api.watches()).toBe(0);
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.2"], ports });
  expect(await watching.next()).toEqual(["10.0.0.2"]);
  expect(lists(api)).toBe(2);
});

test("a watch that is answered 410 is listed again, no more than once a second", async () => {
  await using api = await startKubernetes();
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.1"], ports });
  api.mood = "forgetful";
  const clock = createManualClock();
  await using watching = new Watching(api, clock);
  await watching.next();
  await eventually(() => api.asked.length).toBe(2);
  const again = watching.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(api.asked).toHaveLength(2);
  api.mood = "well";
  await clock.advance(1_000);
  expect(await again).toEqual(["10.0.0.1"]);
});

test("refusals are told in the words of the API, without a token", async () => {
  await using api = await startKubernetes();
  api.mood = "refusing";
  await using watching = new Watching(api);
  const refused = watching.next();
  await expect(refused).rejects.toThrow(
    "the API of Kubernetes answered 403: endpointslices.discovery.k8s.io is forbidden",
  );
  await expect(refused).rejects.not.toThrow("a-token");
  await expect(refused).rejects.toBeInstanceOf(Error);
  api.mood = "well";
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.1"], ports });
  expect(await watching.next()).toEqual(["10.0.0.1"]);
});

test("a token that is replaced is read again after a minute, and at once when it is refused", async () => {
  await using api = await startKubernetes();
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.1"], ports });
  const clock = createManualClock();
  await using watching = new Watching(api, clock);
  await watching.next();
  await watched(api);
  watching.writeToken("b-token");
  api.tokens.add("b-token");
  await clock.advance(60_000);
  api.end("whole");
  await eventually(() => api.shown.at(-1)).toBe("b-token");
  await watched(api);
  api.tokens.delete("b-token");
  api.tokens.add("c-token");
  watching.writeToken("c-token");
  await clock.advance(1_500);
  api.end("mid-line");
  await expect(watching.next()).rejects.toThrow("answered 401");
  const again = watching.next();
  await clock.advance(1_500);
  expect(await again).toEqual(["10.0.0.1"]);
});

test("a file that holds no token is told by its name, and nothing is sent", async () => {
  await using api = await startKubernetes();
  await using watching = new Watching(api);
  watching.writeToken("two words");
  await expect(watching.next()).rejects.toThrow("token holds no token");
  expect(api.asked).toEqual([]);
});

test("an API that other authorities vouch for is sent nothing", async () => {
  await using api = await startKubernetes();
  await using watching = new Watching(api, systemClock, "client.crt");
  await expect(watching.next()).rejects.toThrow("the HTTP call failed: ");
  expect(api.asked).toEqual([]);
});
