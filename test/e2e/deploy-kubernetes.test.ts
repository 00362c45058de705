/** The plain manifests of deploy/kubernetes, by Kubernetes' own schemas and the gateway's own rules. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import packageJson from "#package.json" with { type: "json" };
import {
  documentsIn,
  graceProblems,
  isVariable,
  manifestProblems,
  missingSchemas,
  settingsFor,
  strongSecret,
} from "../support/deploy.ts";
import { testWith } from "../support/needs.ts";

const text = readFileSync("deploy/kubernetes/polygate.yaml", "utf8");
const [config, deployment, service, budget] = documentsIn(text);
const secrets = { AUTH_SECRET_KEY: strongSecret, API_KEY: `other-${strongSecret}` };
const pod = deployment.spec.template.spec;

testWith(missingSchemas)("every manifest fits its schema", () => {
  const kinds = ["ConfigMap", "Deployment", "PodDisruptionBudget", "Service"];
  expect(manifestProblems(text).toSorted()).toEqual(kinds.map((kind) => `${kind}: statusValid `));
});

test("the gateway takes the configuration, its ports are the pod's and its grace is enough", () => {
  const [container] = pod.containers;
  const settings = settingsFor(config.data["gateway.yaml"], secrets);
  expect(settings.environment).toBe("production");
  expect(settings.auth.enabled).toBe(true);
  expect(settings.listeners.map(({ name, port }) => ({ name, containerPort: port }))).toEqual(
    container.ports,
  );
  expect(graceProblems(pod, settings)).toEqual([]);
  const names: string[] = container.env.map(({ name }: { name: string }) => name);
  expect(names.filter((name) => name !== "NODE_OPTIONS" && !isVariable(name))).toEqual([]);
});

test("what is left as a comment is taken, too, once the marks are gone", () => {
  const bare = config.data["gateway.yaml"].replaceAll(/^# (cores:| {2}- )/gm, "$1");
  const settings = settingsFor(bare, secrets);
  expect(settings.chat.cores.map(({ discovery }) => discovery?.written)).toEqual([
    "polyagent-cores:8001",
  ]);
});

test("names, selectors and image are one another's", () => {
  const { labels } = deployment.spec.template.metadata;
  for (const selector of [
    deployment.spec.selector.matchLabels,
    service.spec.selector,
    budget.spec.selector.matchLabels,
  ]) {
    expect(labels).toEqual(selector);
  }
  expect(pod.volumes[0].configMap.name).toBe(config.metadata.name);
  expect(pod.containers[0].image).toBe(`polyagent/gateway:${packageJson.version}`);
  expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
});
