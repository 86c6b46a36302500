import { CATEGORY_STATUS, ERROR_CATALOGUE, type ErrorCategory, type ErrorCode } from "./catalogue.ts";
import type { Json } from "../model/json.ts";

const BRAND = Symbol.for("hilum:error");

/** What an error can carry besides its code and message. */
export interface HilumErrorOptions {
  /** Facts for programs: counts, tags, offsets, names of attributes; never a patient's values or a file's name. */
  readonly details?: { readonly [key: string]: Json };
  /** What to do about it, where the catalogue's remedy is too general. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The one error class: a code of the catalogue, one sentence, a remedy. */
export class HilumError extends Error {
  readonly code: ErrorCode;
  readonly details: { readonly [key: string]: Json };
  readonly remedy: string;
  readonly [BRAND] = true;

  /** @param message one sentence, without patient values, paths of files or stack. */
  constructor(code: ErrorCode, message: string, options: HilumErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "HilumError";
    this.code = code;
    this.details = options.details ?? {};
    this.remedy = options.remedy ?? ERROR_CATALOGUE[code].remedy;
  }

  get category(): ErrorCategory {
    return ERROR_CATALOGUE[this.code].category;
  }

  /** The exit status of a command that ends with this error. */
  get exitStatus(): number {
    return CATEGORY_STATUS[this.category].exit;
  }

  /** The HTTP status of a request that ends with this error. */
  get httpStatus(): number {
    const entry: { readonly category: ErrorCategory; readonly http?: number } = ERROR_CATALOGUE[this.code];
    return entry.http ?? CATEGORY_STATUS[entry.category].http;
  }
}

/** Whether something is a HilumError, also one of another copy of this package (`instanceof` cannot tell). */
export function isHilumError(value: unknown): value is HilumError {
  return typeof value === "object" && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}
