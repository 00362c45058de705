/** The providers that are known by name: where they are, what they speak, and whose environment names they read. Data. */

import type { DialectName } from "#dialects/dialect.ts";

/** How a request says who sends it. */
export type KeyHeader = "bearer" | "x-api-key" | "x-goog-api-key" | "api-key" | "none";

/** A provider that needs no more than a key. */
export interface Preset {
  readonly dialect: DialectName;
  /** Absent where every account has its own. */
  readonly baseUrl?: string;
  /** Environment names of its key, the first that is set counts. */
  readonly keyNames: readonly string[];
  /** Environment name of its base URL. */
  readonly baseUrlName?: string;
  /** Value of AI_GATEWAY_API_KEY that switches it on. */
  readonly gatewayWord?: string;
  readonly keyHeader: KeyHeader;
  /** Names that chats may call it by beside its own: what people call its models. */
  readonly aliases?: readonly string[];
  /** How it deviates from its dialect. */
  readonly profile?: string;
  /** What OpenTelemetry's conventions call it (`gen_ai.provider.name`); by its own name when absent. */
  readonly genAiName?: string;
  /** Its name in the table of prices that LiteLLM publishes; its own name when absent. */
  readonly priceTableName?: string;
}

const openaiLike = { dialect: "openai-chat", keyHeader: "bearer", profile: "compatible" } as const;

/** Presets by name. */
export const presets = {
  openai: {
    dialect: "openai-chat",
    baseUrl: "https://api.openai.com/v1",
    keyNames: ["OPENAI_API_KEY"],
    baseUrlName: "OPENAI_BASE_URL",
    keyHeader: "bearer",
    profile: "openai",
    genAiName: "openai",
  },
  anthropic: {
    dialect: "anthropic",
    baseUrl: "https://api.anthropic.com",
    keyNames: ["ANTHROPIC_API_KEY"],
    baseUrlName: "ANTHROPIC_BASE_URL",
    keyHeader: "x-api-key",
    aliases: ["claude"],
    genAiName: "anthropic",
  },
  xai: {
    dialect: "openai-chat",
    baseUrl: "https://api.x.ai/v1",
    keyNames: ["XAI_API_KEY", "GROK_API_KEY"],
    baseUrlName: "XAI_BASE_URL",
    keyHeader: "bearer",
    aliases: ["grok"],
    genAiName: "x_ai",
    profile: "xai",
  },
  google: {
    dialect: "gemini",
    baseUrl: "https://generativelanguage.googleapis.com",
    keyNames: ["GOOGLE_API_KEY", "GEMINI_API_KEY"],
    baseUrlName: "GOOGLE_GEMINI_BASE_URL",
    keyHeader: "x-goog-api-key",
    aliases: ["gemini"],
    genAiName: "gcp.gemini",
    priceTableName: "gemini",
  },
  ollama: {
    dialect: "ollama",
    baseUrl: "http://127.0.0.1:11434",
    keyNames: ["OLLAMA_API_KEY"],
    baseUrlName: "OLLAMA_HOST",
    gatewayWord: "local",
    keyHeader: "bearer",
  },
  openrouter: {
    ...openaiLike,
    baseUrl: "https://openrouter.ai/api/v1",
    keyNames: ["OPENROUTER_API_KEY"],
    baseUrlName: "OPENROUTER_BASE_URL",
  },
  glm: {
    ...openaiLike,
    baseUrl: "https://open.bigmodel.cn/api/paas/v4",
    keyNames: ["GLM_API_KEY"],
    baseUrlName: "GLM_BASE_URL",
    priceTableName: "zai",
  },
  groq: { ...openaiLike, baseUrl: "https://api.groq.com/openai/v1", keyNames: ["GROQ_API_KEY"] },
  mistral: {
    ...openaiLike,
    baseUrl: "https://api.mistral.ai/v1",
    keyNames: ["MISTRAL_API_KEY"],
    genAiName: "mistral_ai",
  },
  deepseek: {
    ...openaiLike,
    baseUrl: "https://api.deepseek.com/v1",
    keyNames: ["DEEPSEEK_API_KEY"],
    profile: "deepseek",
  },
  together: {
    ...openaiLike,
    baseUrl: "https://api.together.xyz/v1",
    keyNames: ["TOGETHER_API_KEY"],
    priceTableName: "together_ai",
  },
  vllm: { ...openaiLike, baseUrl: "http://127.0.0.1:8000/v1", keyNames: ["VLLM_API_KEY"] },
  azure: {
    dialect: "openai-chat",
    keyNames: ["AZURE_OPENAI_API_KEY"],
    baseUrlName: "AZURE_OPENAI_BASE_URL",
    keyHeader: "api-key",
    profile: "openai",
    genAiName: "azure.ai.openai",
  },
  vertex: {
    dialect: "gemini",
    keyNames: [],
    keyHeader: "bearer",
    gatewayWord: "vertex",
    genAiName: "gcp.vertex_ai",
    priceTableName: "vertex_ai-language-models",
  },
  bedrock: {
    ...openaiLike,
    keyNames: ["AWS_BEARER_TOKEN_BEDROCK"],
    baseUrlName: "BEDROCK_BASE_URL",
    genAiName: "aws.bedrock",
  },
} as const satisfies Record<string, Preset>;

/** A preset's name. */
export type PresetName = keyof typeof presets;

/** Whether `name` is a preset's. */
export function isPreset(name: string): name is PresetName {
  return Object.hasOwn(presets, name);
}
