import { Counter, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { CounterFamily, expositionOf, HistogramFamily } from "#observability/family.ts";

const counted = { name: "things_total", help: "Things \\ of\ntwo lines.", labelNames: ["a", "b"] };
const timed = { name: "time_seconds", help: "Time.", labelNames: ["a"] };
const buckets = [0.005, 1, 10];

/** What `register` wrote as /metrics shows it; the registry would say the same. */
async function exposed(register: (registry: Registry) => void): Promise<string> {
  const registry = new Registry();
  register(registry);
  const text = await expositionOf(registry);
  expect(text).toBe(await registry.metrics());
  return text;
}

/** Both have these. */
interface Instruments {
  readonly counter: { inc(labels: Record<string, string | number>, by?: number): void };
  readonly histogram: { observe(labels: Record<string, string | number>, value: number): void };
}

function ours(registry: Registry): Instruments {
  return {
    counter: new CounterFamily(counted, registry),
    histogram: new HistogramFamily(timed, registry, buckets),
  };
}

function promClients(registry: Registry): Instruments {
  const registers = [registry];
  return {
    counter: new Counter({ ...counted, registers }),
    histogram: new Histogram({ ...timed, registers, buckets }),
  };
}

test.each([
  { name: "nothing yet", use: () => {} },
  {
    name: "labels with quotes, backslashes, lines and other scripts",
    use: ({ counter, histogram }: Instruments) => {
      counter.inc({ a: 'x"\\\n', b: "é" });
      histogram.observe({ a: 'x"\\\n' }, 0.1);
    },
  },
  {
    name: "several series, numbers among their labels",
    use: ({ counter }: Instruments) => {
      counter.inc({ a: "x", b: 200 });
      counter.inc({ a: "x", b: 404 }, 2.5);
      counter.inc({ b: 200, a: "x" });
    },
  },
  {
    name: "values at, under and above the bounds",
    use: ({ histogram }: Instruments) => {
      for (const value of [0, 0.005, 0.1 + 0.2, 1, 10, 10.1, 1e9, 1e-9]) {
        histogram.observe({ a: "x" }, value);
      }
    },
  },
])("the exposition is prom-client's own, byte for byte: $name", async ({ use }) => {
  const expected = await exposed((registry) => use(promClients(registry)));
  expect(await exposed((registry) => use(ours(registry)))).toBe(expected);
});

test("a series that was resolved is there, at zero, before anything was counted", async () => {
  const text = await exposed((registry) => {
    new CounterFamily({ name: "a_total", help: "A.", labelNames: [] }, registry).labels({});
    new HistogramFamily({ name: "b", help: "B.", labelNames: [] }, registry, [1]).labels({});
  });
  expect(text).toContain("\na_total 0\n");
  expect(text).toContain('\nb_bucket{le="1"} 0\nb_bucket{le="+Inf"} 0\nb_sum 0\nb_count 0\n');
});

test("the same labels are the same series, whoever asks", () => {
  const family = new CounterFamily(counted, new Registry());
  expect(family.labels({ a: "x", b: 1 })).toBe(family.labels({ b: 1, a: "x" }));
  expect(family.labels({ a: "x", b: 1 })).not.toBe(family.labels({ a: "x,1", b: 1 }));
});

test("a name stands once", () => {
  const registry = new Registry();
  new CounterFamily(counted, registry);
  expect(() => new CounterFamily(counted, registry)).toThrow(counted.name);
});

test("series beyond the bound, and those of long labels, are counted as one", async () => {
  const registry = new Registry();
  const counter = new CounterFamily({ ...counted, labelNames: ["a"], seriesMax: 2 }, registry);
  for (const a of ["x".repeat(129), "first", "second", "third", "_OTHER", "first"]) {
    counter.inc({ a });
  }
  const { values } = await counter.get();
  expect(values.map(({ labels: { a }, value }) => [a, value])).toEqual([
    ["_OTHER", 4],
    ["first", 2],
  ]);
});
