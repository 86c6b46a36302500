import { HilumError, type JobDefinition, type Step } from "@hilum/core";
import { unknownName } from "./registry.ts";

/** The job entries of a host: those of its plugins, and those that a program adds. */
export interface JobRegistry {
  /**
   * Adds an entry, after checking that its steps can work together.
   * @throws {HilumError} INVALID_JOB when the name is taken (unless `replace`), malformed, or a step is.
   */
  register(definition: JobDefinition, options?: { readonly replace?: boolean }): void;
  /** Takes an entry away. @returns whether there was one. */
  unregister(name: string): boolean;
  /** Whether a job answers to this name or alias. */
  isRegistered(name: string): boolean;
  list(): readonly JobDefinition[];
  /** @throws {HilumError} UNKNOWN_JOB with the nearest name. */
  get(name: string): JobDefinition;
}

/** All steps of a job entry, in the order in which they run, with the entry's own configuration in the first process step. */
export function stepsOf(definition: JobDefinition): readonly Step[] {
  const [main, ...others] = definition.process;
  const configured = main === undefined || "invert" in main || definition.config === undefined ? main : { ...main, config: { ...main.config, ...definition.config } };
  return [...definition.preprocess, ...(configured === undefined ? [] : [configured]), ...others, ...definition.postprocess];
}

/** An empty registry; `check` throws INVALID_JOB, INVALID_CONFIG or UNKNOWN_PROCESSOR for steps that cannot run. */
export function createJobRegistry(check: (steps: readonly Step[]) => void): JobRegistry {
  const definitions = new Map<string, JobDefinition>();
  const find = (name: string): JobDefinition | undefined =>
    definitions.get(name) ?? [...definitions.values()].find((definition) => definition.aliases?.includes(name));
  return {
    register(definition, options = {}) {
      const names = [definition.name, ...(definition.aliases ?? [])];
      for (const name of names) {
        if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
          throw new HilumError("INVALID_JOB", `The job name "${name}" is not made of lower-case letters, digits and hyphens.`);
        const taken = find(name);
        if (taken !== undefined && !(options.replace === true && taken.name === definition.name))
          throw new HilumError("INVALID_JOB", `There is already a job "${name}".`, {
            remedy: "Choose another name, or register with { replace: true }.",
          });
      }
      if (definition.process.length === 0)
        throw new HilumError("INVALID_JOB", `The job "${definition.name}" has no process step.`, {
          remedy: "Give it at least one step under `process`.",
        });
      check(stepsOf(definition));
      definitions.set(definition.name, Object.freeze({ ...definition }));
    },
    unregister: (name) => definitions.delete(find(name)?.name ?? name),
    isRegistered: (name) => find(name) !== undefined,
    list: () => [...definitions.values()],
    get(name) {
      const found = find(name);
      if (found !== undefined) return found;
      const known = [...definitions.values()].flatMap((definition) => [definition.name, ...(definition.aliases ?? [])]);
      throw unknownName("job", "UNKNOWN_JOB", name, known);
    },
  };
}
