import { HilumError } from "@hilum/core";
import { tagText } from "../../scan/malformed-file.ts";

/** Goes on where a rule is kept. @throws {HilumError} VERIFICATION_FAILED, naming the rule, and the tag where there is one. */
export function must(isKept: boolean, rule: string, tag?: number): void {
  if (!isKept) throw ruleBroken(rule, tag === undefined ? {} : { tag: tagText(tag) });
}

/** A VERIFICATION_FAILED that names the rule. */
export function ruleBroken(rule: string, details: { readonly tag?: string } = {}, cause?: unknown): HilumError {
  const where = details.tag === undefined ? "" : ` ${details.tag}`;
  return new HilumError("VERIFICATION_FAILED", `A written instance breaks the rule: ${rule}.${where}`, { details: { rule, ...details }, cause });
}
