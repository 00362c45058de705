/** The inference gateway as its users know it: images by any form, the models by backend, statistics, reloads. */

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { digitImage, startTestGateway } from "../support/gateway.ts";

const gateway = await startTestGateway({
  yaml: "gateway: { host: 127.0.0.1, port: 0 }\nauth: { anonymous_scopes: [admin] }",
});
afterAll(() => gateway[Symbol.asyncDispose]());

const seven = readFileSync(digitImage(7));
const isSeven = {
  status: 200,
  body: { model: "digits", classifications: [{ label: "7" }, {}, {}, {}, {}] },
};

async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(gateway.url + path, init);
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

describe.each(["/predict/digits", "/api/v1/models/digits:predict"])("POST %s", (path) => {
  test.each(["file", "image", "photo", "x"])(
    "takes the one file of a form as its part %s",
    async (name) => {
      const form = new FormData();
      form.set(name, new Blob([seven], { type: "image/png" }), "7.png");
      expect(await ask(path, { method: "POST", body: form })).toMatchObject(isSeven);
    },
  );

  test("takes two files for what they are: too many", async () => {
    const form = new FormData();
    form.set("a", new Blob([seven]), "7.png");
    form.set("b", new Blob([seven]), "7.png");
    expect(await ask(path, { method: "POST", body: form })).toMatchObject({ status: 400 });
  });

  test.each(["image/png", "application/octet-stream"])(
    "takes the image as the body, %s",
    async (type) => {
      const headers = { "content-type": type };
      expect(await ask(path, { method: "POST", body: seven, headers })).toMatchObject(isSeven);
    },
  );
});

test("GET /models groups models by the kind of their backend", async () => {
  expect(await ask("/models")).toMatchObject({
    status: 200,
    body: {
      tensorflow: { models: [] },
      onnx: { models: { digits: { state: "available", inputs: [{ name: "image" }] } } },
    },
  });
});

test("GET /stats tells of models that were asked", async () => {
  await ask("/predict/digits", {
    method: "POST",
    body: seven,
    headers: { "content-type": "image/png" },
  });
  const { body } = await ask("/stats");
  expect(body.models.digits.requests).toBeGreaterThan(0);
});

test("POST /reload/{model} reads a model again, and says how it is; one that no one knows is not found", async () => {
  expect(await ask("/reload/digits", { method: "POST" })).toMatchObject({
    status: 200,
    body: { model: { id: "digits", state: "available" } },
  });
  expect(await ask("/reload/nobody", { method: "POST" })).toMatchObject({ status: 404 });
});
