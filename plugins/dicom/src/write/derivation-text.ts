import type { Derivation, ProcessingStep } from "@hilum/core";
import { WRITER } from "./writer-identity.ts";

/** What a series went through, in the words and codes of DICOM. */
export interface SeriesDerivation {
  /** Derivation Description (0008,2111). */
  readonly description: string;
  /** For Derivation Code Sequence (0008,9215). */
  readonly codes: readonly NonNullable<Derivation["code"]>[];
  /** For Series Description: the processors that made the image what it is, or "derived". */
  readonly label: string;
  /** Software Versions (0018,1020) of all programs that took part, the writer first. */
  readonly programs: readonly string[];
}

/** Longest ST and LO (PS3.5 table 6.2-1). */
const MAX_DESCRIPTION = 1024;
const MAX_LO = 64;

const NOT_CLINICAL = ". Not for clinical use.";

/** Describes the steps of a series' history, in order. */
export function describeDerivation(history: readonly ProcessingStep[]): SeriesDerivation {
  const steps = history.map(
    ({ derivation, processor, program, inverse }) => `${inverse === true ? "undone: " : ""}${derivation?.description ?? processor} (${program})`,
  );
  const text = [...(steps.length === 0 ? ["Converted"] : steps), `written by ${WRITER.manufacturer} (${WRITER.program})`].join("; ");
  const lasting = history.filter((step) => step.inverse !== true && step.derivation !== undefined);
  return {
    description: shortened(asciiOnly(text), MAX_DESCRIPTION - NOT_CLINICAL.length) + NOT_CLINICAL,
    codes: lasting.flatMap(({ derivation }) => derivation?.code ?? []),
    label: asciiOnly([...new Set(lasting.map((step) => step.processor))].join(", ")) || "derived",
    programs: [...new Set([WRITER.program, ...history.map((step) => step.program)])].map((program) =>
      shortened(asciiOnly(program).replaceAll("\\", "/"), MAX_LO),
    ),
  };
}

/** What we add has to be readable in every character set. */
function asciiOnly(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
