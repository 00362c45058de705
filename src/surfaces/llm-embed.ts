/** What only responses with vectors need of a surface. */

/** Elements of a request's body: OpenAI takes 300,000 tokens, and clients send those as lists of numbers. */
export const embedElementsMax = 310_000;
