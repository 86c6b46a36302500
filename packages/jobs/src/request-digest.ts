import { createHash } from "node:crypto";
import type { Json } from "@hilum/core";

/** SHA-256 (hexadecimal) of a text. */
export function digestOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The same for two requests that ask for the same, in whatever order their keys stand. */
export function requestDigest(asked: Json): string {
  return digestOfText(canonical(asked));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
