export declare const serviceConfig: {
  readonly methodConfig: readonly [
    {
      readonly name: readonly { readonly service: string; readonly method: string }[];
      readonly retryPolicy: {
        readonly maxAttempts: number;
        readonly initialBackoff: string;
        readonly maxBackoff: string;
        readonly backoffMultiplier: number;
        readonly retryableStatusCodes: readonly string[];
      };
    },
  ];
};
