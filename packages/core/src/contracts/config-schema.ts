/** A fault that a schema found: what is wrong, and where. */
export interface ConfigIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema says of a value: the value with its defaults, or the faults. */
export type ConfigResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly ConfigIssue[] };

/**
 * The configuration of a codec or processor: any Standard Schema (standardschema.dev, version 1) that also gives JSON
 * Schema; zod 4 objects do. Use a strict object, so that unknown keys are refused, and `.meta({ description })` and
 * defaults on every key: the command line's help and the HTTP catalogue are made from them.
 */
export interface ConfigSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ConfigResult<Output> | Promise<ConfigResult<Output>>;
    readonly jsonSchema: {
      readonly input: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>;
    };
  };
}

/** The schema of something that takes no configuration. */
export const NO_CONFIG: ConfigSchema<Record<string, never>> = {
  "~standard": {
    version: 1,
    vendor: "hilum",
    validate: (value) => {
      const keys = value === undefined || value === null ? [] : Object.keys(value);
      return keys.length === 0 ? { value: {} } : { issues: keys.map((key) => ({ message: "unknown key", path: [key] })) };
    },
    jsonSchema: { input: () => ({ type: "object", properties: {}, additionalProperties: false }) },
  },
};
