import type { Warning } from "./context.ts";
import type { DerivedInstance } from "./format-codec.ts";
import type { Json } from "../model/json.ts";
import type { ProcessingStep } from "../model/series.ts";

/** What happens during a job. At most ten progress events a second; exactly one of the last three, and it comes last. */
export type JobEvent =
  | { readonly type: "started"; readonly job: string; readonly passes: readonly string[]; readonly total: number }
  | { readonly type: "progress"; readonly pass: string; readonly done: number; readonly total: number }
  | { readonly type: "warning"; readonly warning: Warning }
  | { readonly type: "succeeded"; readonly report: JobReport }
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "cancelled" };

/** What a job did. */
export interface JobReport {
  readonly job: string;
  readonly input: { readonly codec: string; readonly phases: number; readonly shape: readonly number[] };
  /** Every step with its configuration, defaults filled in. */
  readonly steps: readonly ProcessingStep[];
  /** Every file of the output: name inside the output ("" for a file output), size, SHA-256 of its bytes (hexadecimal) where digests were asked for. */
  readonly outputs: readonly { readonly name: string; readonly bytes: number; readonly sha256?: string }[];
  readonly facts: { readonly [name: string]: Json };
  /** What each file was made from. UIDs lead to a patient, so they are here only where they were asked for, and the output has any. */
  readonly instances?: readonly DerivedInstance[];
  readonly warnings: readonly Warning[];
  /** Plugins that took part: name and version. */
  readonly plugins: readonly { readonly name: string; readonly version: string }[];
  readonly startedAt: string;
  readonly durationMs: number;
  /** Milliseconds of each pass, in order. */
  readonly passes: readonly { readonly name: string; readonly durationMs: number }[];
}
