import { HilumError, type AnyJobProcessor, type Json, type ProcessingStep, type Step } from "@hilum/core";
import type { Registry } from "../registry.ts";
import { validateConfig } from "../validate-config.ts";

/** A step whose processor is known, whose configuration is complete and, if it undoes another, whose pair is found. */
export interface ResolvedStep {
  readonly processor: AnyJobProcessor;
  readonly config: unknown;
  /** For a step that undoes another: the index of that one. */
  readonly undoes?: number;
  readonly record: ProcessingStep;
}

/**
 * Finds processors, checks configurations and pairs; knows nothing of the input yet.
 * @throws {HilumError} UNKNOWN_PROCESSOR, INVALID_CONFIG, INVALID_JOB with the reason.
 */
export function resolveSteps(steps: readonly Step[], processors: Registry<AnyJobProcessor>): readonly ResolvedStep[] {
  const resolved: ResolvedStep[] = [];
  for (const step of steps) resolved.push("invert" in step ? resolveInverse(step.invert, resolved) : resolveForward(step, processors));
  return resolved;
}

function resolveForward(step: Extract<Step, { processor: string }>, processors: Registry<AnyJobProcessor>): ResolvedStep {
  const { value: processor, origin } = processors.registration(step.processor);
  const config: unknown = validateConfig(processor.config, step.config, `step "${processor.id}"`);
  const derivation = processor.derivation?.(config);
  return {
    processor,
    config,
    record: {
      processor: processor.id,
      program: origin,
      config: config as Json,
      ...(derivation === undefined ? {} : { derivation }),
    },
  };
}

function resolveInverse(id: string, before: readonly ResolvedStep[]): ResolvedStep {
  const undone = new Set(before.map((step) => step.undoes));
  const index = before.findLastIndex((step, at) => step.processor.id === id && step.undoes === undefined && !undone.has(at));
  const pair = before[index];
  if (pair === undefined)
    throw new HilumError("INVALID_JOB", `The step that inverts "${id}" has no "${id}" before it.`, {
      remedy: `Put a step "${id}" before it, or leave the inversion out.`,
    });
  if (pair.processor.undo === undefined)
    throw new HilumError("INVALID_JOB", `The step "${id}" cannot be inverted.`, { remedy: "Leave the inversion out, or use a processor that has an inverse." });
  if (pair.processor.measure?.scope(pair.config) === "slice") {
    const mixing = before.slice(index + 1).find((step) => step.processor.inputSlices !== undefined);
    if (mixing !== undefined)
      throw new HilumError("INVALID_JOB", `The step "${mixing.processor.id}" looks across slices inside a pair of "${id}" that scales each slice on its own: the scales would mix.`, {
        details: { pair: id, step: mixing.processor.id },
        remedy: `Give "${id}" the scope "phase" or "series".`,
      });
  }
  return { processor: pair.processor, config: pair.config, undoes: index, record: { processor: id, program: pair.record.program, config: pair.record.config, inverse: true } };
}
