/** The Helm chart: what it makes of values, by Kubernetes' own schemas and the gateway's own rules. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import packageJson from "#package.json" with { type: "json" };
import { surfaceNames } from "#surface-table.ts";
import {
  documentsIn,
  documentsOf,
  graceProblems,
  isVariable,
  judge,
  judged,
  type Manifest,
  manifestProblems,
  missingJudge,
  missingSchemas,
  settingsFor,
  strongSecret,
} from "../support/deploy.ts";
import { describeWith, testWith } from "../support/needs.ts";
import { serverTls } from "../support/tls.ts";

const chart = "deploy/helm/polygate";
const [defaults] = documentsOf(`${chart}/values.yaml`);

/** `helm` with values in a file of their own. */
function helm(command: readonly string[], values: object) {
  const file = join(tmpdir(), `polygate-values-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(values));
  try {
    return judged([judge("helm"), ...command, chart, "--values", file]);
  } finally {
    rmSync(file);
  }
}

/** The manifests that values come to; throws with what helm says against them. */
function rendered(values: object = {}): { text: string; all: readonly Manifest[] } {
  const { code, out, err } = helm(["template", "edge", "--namespace", "gateways"], values);
  if (code !== 0) throw new Error(err);
  return { text: out, all: documentsIn(out) };
}

const of = (all: readonly Manifest[], kind: string, name?: string): Manifest =>
  all.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name));

/** The settings that the pods of a rendered chart start with. */
function settingsIn(all: readonly Manifest[]) {
  const { containers } = of(all, "Deployment").spec.template.spec;
  const env = Object.fromEntries(
    containers[0].env
      .filter(({ name }: Manifest) => name !== "NODE_OPTIONS")
      .map(({ name, value }: Manifest) => [name, value]),
  );
  return settingsFor(of(all, "ConfigMap").data["gateway.yaml"], env, {
    "/run/secrets/polygate/API_KEY": strongSecret,
    "/run/secrets/polygate/OPENAI_API_KEY": "sk-of-a-provider",
    "/run/secrets/tls/tls.crt": readFileSync(serverTls.certFile, "utf8"),
    "/run/secrets/tls/tls.key": readFileSync(serverTls.keyFile, "utf8"),
  });
}

const peer = { namespaceSelector: { matchLabels: { team: "a" } } };
const everything = {
  replicas: 3,
  image: {
    repository: "registry.example.com/polygate",
    digest: `sha256:${"0a".repeat(32)}`,
    pullSecrets: ["pull"],
  },
  secret: { name: "keys", keys: { API_KEY: "api-key", OPENAI_API_KEY: "openai" } },
  env: { LOG_LEVEL: "warn", HEALTH_CHECK_TIMEOUT: "3s" },
  tls: { secretName: "edge-tls" },
  service: { type: "LoadBalancer", port: 443, annotations: { a: "b" } },
  ingress: {
    http: { enabled: true, className: "nginx", hosts: ["api.example.com"], tlsSecretName: "front" },
    grpc: {
      enabled: true,
      className: "nginx",
      hosts: ["grpc.example.com"],
      tlsSecretName: "front",
    },
  },
  drain: { preStopSeconds: 10, timeoutSeconds: 60 },
  autoscaling: {
    enabled: true,
    metrics: [
      {
        type: "Pods",
        pods: { metric: { name: "calls" }, target: { type: "AverageValue", averageValue: "50" } },
      },
    ],
  },
  networkPolicy: {
    from: [peer],
    metricsFrom: [peer],
    egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: 443 }] }],
  },
  serviceMonitor: { enabled: true, interval: "30s", labels: { release: "prometheus" } },
  serviceAccount: { annotations: { "eks.amazonaws.com/role-arn": "arn" } },
  endpointSlices: { enabled: true, namespace: "cores" },
  config: { environment: "production", metrics: { path: "/numbers" }, gateway: { timeout: "1m" } },
  podAnnotations: { a: "b" },
  podLabels: { tier: "edge" },
  nodeSelector: { pool: "edge" },
  tolerations: [{ key: "edge", operator: "Exists" }],
  affinity: { nodeAffinity: {} },
  priorityClassName: "high",
};
const matrix = {
  "no values": {},
  "every value": everything,
  "nothing that may be left out": {
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    service: { headless: false },
    serviceAccount: { name: "own" },
    topologyKeys: [],
  },
  "probes by gRPC": { probes: { readiness: "grpc" } },
};

describe("the chart's facts", () => {
  const [facts] = documentsOf(`${chart}/Chart.yaml`);

  test("are those of the package", () => {
    expect(facts).toMatchObject({ name: packageJson.name, appVersion: packageJson.version });
  });

  test("every default is in the schema, and nothing in the schema lacks a default", () => {
    const schema = JSON.parse(readFileSync(`${chart}/values.schema.json`, "utf8"));
    const { global: _, ...properties } = schema.properties;
    expect(Object.keys(properties)).toEqual(Object.keys(defaults));
  });
});

describeWith(missingJudge("helm") ?? missingSchemas)("the chart", () => {
  test.each(Object.entries(matrix))("with %s: lint and every schema agree", (_, values) => {
    expect(helm(["lint", "--strict"], values)).toMatchObject({ code: 0, err: "" });
    const { text, all } = rendered(values);
    const problems = manifestProblems(text);
    expect(problems.toSorted()).toEqual(all.map(({ kind }) => `${kind}: statusValid `).toSorted());
  });

  test.each(Object.entries(matrix))("with %s: the gateway takes its configuration", (_, values) => {
    const { all } = rendered(values);
    const settings = settingsIn(all);
    const pod = of(all, "Deployment").spec.template.spec;
    expect(settings.environment).toBe("production");
    expect(settings.auth.enabled).toBe(true);
    const ports = pod.containers[0].ports.map(({ name, containerPort }: Manifest) => [
      name,
      containerPort,
    ]);
    expect(settings.listeners.map(({ name, port }) => [name, port])).toEqual(ports);
    expect(settings.listeners.flatMap(({ serves }) => serves).toSorted()).toEqual(
      surfaceNames.toSorted(),
    );
    expect(graceProblems(pod, settings)).toEqual([]);
    expect(
      pod.containers[0].env
        .map(({ name }: Manifest) => name)
        .filter((name: string) => name !== "NODE_OPTIONS" && !isVariable(name)),
    ).toEqual([]);
  });

  test("with no values: pods are restricted, and no pod leaves before another is ready", () => {
    const { all } = rendered();
    const { strategy, template } = of(all, "Deployment").spec;
    expect(strategy.rollingUpdate).toMatchObject({ maxUnavailable: 0 });
    const { containers, ...pod } = template.spec;
    // The profile "restricted" of Pod Security Standards.
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.volumes.some(({ hostPath }: Manifest) => hostPath !== undefined)).toBe(false);
    expect(all.map(({ kind }) => kind)).not.toContain("Role");
  });

  test("every selector meets the labels of the pods, and every named port is there", () => {
    const { all } = rendered(everything);
    const { labels } = of(all, "Deployment").spec.template.metadata;
    const ports = new Set(["gateway", "metrics"]);
    const selectors = [
      of(all, "Deployment").spec.selector.matchLabels,
      of(all, "PodDisruptionBudget").spec.selector.matchLabels,
      of(all, "NetworkPolicy").spec.podSelector.matchLabels,
      ...all.filter(({ kind }) => kind === "Service").map(({ spec }) => spec.selector),
      ...of(all, "Deployment").spec.template.spec.topologySpreadConstraints.map(
        ({ labelSelector }: Manifest) => labelSelector.matchLabels,
      ),
    ];
    for (const selector of selectors) expect(labels).toMatchObject(selector);
    const services = all.filter(({ kind }) => kind === "Service");
    for (const { spec } of services)
      for (const { targetPort } of spec.ports) expect(ports).toContain(targetPort);
    const monitor = of(all, "ServiceMonitor").spec;
    const watched = services.filter(({ metadata }) =>
      Object.entries(monitor.selector.matchLabels).every(
        ([key, value]) => metadata.labels[key] === value,
      ),
    );
    expect(watched.map(({ metadata }) => metadata.name)).toEqual(["edge-polygate-metrics"]);
    expect(watched[0].spec.ports[0].name).toBe(monitor.endpoints[0].port);
    expect(monitor.endpoints[0].path).toBe(settingsIn(all).metrics.path);
    expect(of(all, "Ingress", "edge-polygate-grpc").metadata.annotations).toMatchObject({
      "nginx.ingress.kubernetes.io/backend-protocol": "GRPC",
    });
    expect(of(all, "HorizontalPodAutoscaler").spec.scaleTargetRef.name).toBe(
      of(all, "Deployment").metadata.name,
    );
    expect(of(all, "Deployment").spec.replicas).toBeUndefined();
  });

  test("EndpointSlices may be listed and watched, in one namespace and nothing else", () => {
    const { all } = rendered({ endpointSlices: { enabled: true, namespace: "cores" } });
    expect(of(all, "Role")).toMatchObject({
      metadata: { namespace: "cores" },
      rules: [
        {
          apiGroups: ["discovery.k8s.io"],
          resources: ["endpointslices"],
          verbs: ["list", "watch"],
        },
      ],
    });
    expect(of(all, "RoleBinding")).toMatchObject({
      metadata: { namespace: "cores" },
      subjects: [{ kind: "ServiceAccount", name: "edge-polygate", namespace: "gateways" }],
    });
    const { spec } = of(all, "Deployment").spec.template;
    expect(spec).toMatchObject({
      automountServiceAccountToken: true,
      serviceAccountName: "edge-polygate",
    });
    expect(all.map(({ kind }) => kind)).not.toContain("ClusterRole");
  });

  test("a change of the configuration changes the pods; a change of anything else does not", () => {
    const sum = (values: object) =>
      of(rendered(values).all, "Deployment").spec.template.metadata.annotations["checksum/config"];
    expect(sum({ replicas: 5 })).toBe(sum({}));
    expect(sum({ config: { gateway: { timeout: "9s" } } })).not.toBe(sum({}));
  });

  test("TLS in the pod goes with probes over TLS, and not with those of gRPC", () => {
    const { all } = rendered({ tls: { secretName: "edge-tls" } });
    const [container] = of(all, "Deployment").spec.template.spec.containers;
    expect([container.readinessProbe, container.livenessProbe, container.startupProbe]).toEqual(
      Array(3).fill(
        expect.objectContaining({ httpGet: expect.objectContaining({ scheme: "HTTPS" }) }),
      ),
    );
    expect(() => rendered({ tls: { secretName: "a" }, probes: { readiness: "grpc" } })).toThrow(
      "kubelets speak gRPC without TLS",
    );
  });

  test.each<[string, object, string]>([
    ["no replicas", { replicas: 0 }, "/replicas"],
    ["half a replica", { replicas: 1.5 }, "/replicas"],
    ["a key that nobody knows", { replica: 2 }, "replica"],
    ["a key that nobody knows, further down", { drain: { timeout: 9 } }, "/drain"],
    ["a drain of text", { drain: { timeoutSeconds: "25s" } }, "/drain/timeoutSeconds"],
    ["no Secret", { secret: { name: "", keys: { API_KEY: "a" } } }, "/secret/name"],
    ["a variable that is none", { secret: { name: "a", keys: { "api-key": "a" } } }, "'api-key'"],
    ["a variable that the chart sets", { env: { NODE_OPTIONS: "--inspect" } }, "'NODE_OPTIONS'"],
    ["a port that the chart sets", { config: { gateway: { port: 1 } } }, "/config/gateway/port"],
    ["listeners, which are the chart's", { config: { listeners: [] } }, "/config/listeners"],
    ["an ingress without hosts", { ingress: { http: { enabled: true } } }, "/ingress/http/hosts"],
    ["a tag that is a digest", { image: { tag: "sha256:0a" } }, "/image/tag"],
    ["more memory for V8 than there is", { heapPercentage: 150 }, "/heapPercentage"],
    ["an unknown probe", { probes: { readiness: "tcp" } }, "/probes/readiness"],
  ])("refuses %s, by its place", (_, values, place) => {
    const { code, err } = helm(["template", "edge"], values);
    expect(code).not.toBe(0);
    expect(err).toContain(place);
  });
});

testWith(missingSchemas)(
  "the schemas find a wrong key, a wrong type and a resource of a wrong kind",
  () => {
    const [deployment] = documentsOf("deploy/kubernetes/polygate.yaml").filter(
      ({ kind }) => kind === "Deployment",
    );
    const problemsOf = (change: (one: Manifest) => void) => {
      const changed = structuredClone(deployment);
      change(changed);
      return manifestProblems(JSON.stringify(changed));
    };
    expect(problemsOf(() => {})).toEqual(["Deployment: statusValid "]);
    expect(
      problemsOf(({ spec }) => {
        spec.template.spec.containers[0].livenessProb = {};
      }),
    ).toEqual([expect.stringContaining("additional properties 'livenessProb' not allowed")]);
    expect(
      problemsOf(({ spec }) => {
        spec.replicas = "three";
      }),
    ).toEqual([expect.stringContaining("got string, want integer")]);
    expect(
      problemsOf((one) => {
        one.apiVersion = "apps/v2";
      }),
    ).toEqual([expect.stringContaining("statusError")]);
  },
);
