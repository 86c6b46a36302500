import type { Json } from "../model/json.ts";

/** A processor with its configuration, or the undoing of an earlier step of the same job. */
export type Step =
  | { readonly processor: string; readonly config?: { readonly [key: string]: Json } }
  | { readonly invert: string };

/** A job entry of the registry: what `hilum run NAME` and POST /jobs name. */
export interface JobDefinition {
  /** Lower case, digits, hyphens; e.g. "gaussian-blur". */
  readonly name: string;
  readonly title: string;
  /** Other names it answers to. */
  readonly aliases?: readonly string[];
  /** Configuration of the first process step, over its schema's defaults; what a caller sets without naming a step goes over this. */
  readonly config?: { readonly [key: string]: Json };
  readonly preprocess: readonly Step[];
  readonly process: readonly Step[];
  readonly postprocess: readonly Step[];
  /** The codec and options of its output, where a caller names none. */
  readonly output?: { readonly codec?: string; readonly options?: { readonly [key: string]: Json } };
}

/** One job: an input, steps, an output. A conversion is a job with no steps. */
export interface JobSpec {
  /** For reports and derivation texts, e.g. "convert" or the name of a registry entry. */
  readonly name: string;
  readonly input: {
    readonly path: string;
    /** Id of the codec; found by content where absent. */
    readonly codec?: string;
    readonly options?: { readonly [key: string]: Json };
    /** Which series of several: its Series Instance UID, the SHA-256 of that (hexadecimal), or its number as `inspect` counts them, from "1". */
    readonly series?: string;
  };
  readonly steps: readonly Step[];
  readonly output: {
    readonly path: string;
    /** Id of the codec; by the path's ending where absent (no ending: DICOM). */
    readonly codec?: string;
    readonly options?: { readonly [key: string]: Json };
    /** Directory of the series whose headers are used, for writers that take a template. */
    readonly template?: string;
    /** Where the JSON sidecar goes. */
    readonly sidecar?: string;
  };
}
