import { HilumError, type Json } from "@hilum/core";

/** What is irregular about a stack of slices; the `kind` of an error's details. */
export type Irregularity =
  | "missing slice"
  | "missing image"
  | "duplicate position"
  | "uneven spacing"
  | "gantry tilt"
  | "off the line"
  | "beside each other";

/** How many of the places that are wrong are told one by one. */
export const MOST_TOLD = 20;

/** An IRREGULAR_GEOMETRY with its kind and facts. */
export function irregular(kind: Irregularity, message: string, details: { readonly [fact: string]: Json }, remedy?: string): HilumError {
  return new HilumError("IRREGULAR_GEOMETRY", message, { details: { kind, ...details }, ...(remedy === undefined ? {} : { remedy }) });
}

/** The first of many, for an error's details. */
export function told<T>(all: readonly T[]): readonly T[] {
  return all.slice(0, MOST_TOLD);
}

/** A number for people: six significant digits, no trailing zeros. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(6)));
}
