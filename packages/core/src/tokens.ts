import type { Logger } from "./contracts/context.ts";
import type { FormatCodec } from "./contracts/format-codec.ts";
import type { AnyJobProcessor } from "./contracts/job-processor.ts";
import type { JobDefinition } from "./contracts/job.ts";

/** Names something that a host provides or collects. Two copies of this package share tokens, since they are registered symbols. */
export interface Token<T> {
  readonly symbol: symbol;
  /** Carries the type; never there at run time. */
  readonly type?: T;
}

/** Makes a token. The name is global: choose "package:thing". */
export function createToken<T>(name: string): Token<T> {
  return Object.freeze({ symbol: Symbol.for(`hilum:${name}`) });
}

/** Tells the time; rebind it to fix the time of jobs. */
export interface Clock {
  now(): Date;
}

/** Every token that a host binds. */
export const Tokens = Object.freeze({
  /** One, rebindable. */
  Logger: createToken<Logger>("logger"),
  /** One, rebindable. */
  Clock: createToken<Clock>("clock"),
  /** Many: every codec of every plugin. */
  FormatCodec: createToken<FormatCodec>("format-codec"),
  /** Many: every processor of every plugin. */
  JobProcessor: createToken<AnyJobProcessor>("job-processor"),
  /** Many: every job entry of every plugin. */
  JobDefinition: createToken<JobDefinition>("job-definition"),
});
