import { HilumError, nearestName, type ConfigSchema } from "@hilum/core";

/**
 * Checks a configuration against its schema and fills in the defaults.
 * @param owner what the configuration belongs to, for the message, e.g. `step "gaussian-blur"`.
 * @throws {HilumError} INVALID_CONFIG naming every key that is wrong, and the nearest key for an unknown one.
 */
export function validateConfig<T>(schema: ConfigSchema<T>, value: unknown, owner: string): T {
  const result = schema["~standard"].validate(value ?? {});
  if (result instanceof Promise) throw new TypeError(`the schema of ${owner} validates asynchronously, which a plan cannot wait for`);
  if (result.issues === undefined) return result.value;
  const known = keysOf(schema);
  const unknown = Object.keys(value ?? {}).filter((key) => !known.includes(key));
  const faults = result.issues.map((issue) => {
    const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  const nearest = unknown.map((key) => nearestName(key, known)).find((key) => key !== undefined);
  throw new HilumError("INVALID_CONFIG", `The configuration of ${owner} is wrong: ${faults.join("; ")}.`, {
    details: { faults },
    remedy: `${nearest === undefined ? "" : `Did you mean "${nearest}"? `}${known.length === 0 ? "It takes no keys." : `It takes: ${known.join(", ")}.`}`,
  });
}

/** The keys that a schema knows. */
export function keysOf(schema: ConfigSchema): readonly string[] {
  const { properties } = schema["~standard"].jsonSchema.input({ target: "draft-2020-12" }) as { properties?: object };
  return Object.keys(properties ?? {});
}
