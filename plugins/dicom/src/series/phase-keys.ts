import type { Phase } from "@hilum/core";
import type { ImageHeader } from "./image-header.ts";

/** An identifier that groups images into phases, in the words that a person knows it by. */
export interface PhaseIdentifier {
  readonly key: string;
  /** Images of one phase have equal values; undefined where an image has none. */
  valueOf(image: ImageHeader): string | number | undefined;
  phaseOf(image: ImageHeader): Phase;
}

/** In the order in which they are tried. */
export const PHASE_IDENTIFIERS: readonly PhaseIdentifier[] = [
  {
    key: "Temporal Position Identifier",
    valueOf: (image) => image.temporalPosition,
    phaseOf: (image) => labelled("Temporal Position", image.temporalPosition),
  },
  { key: "Echo Numbers", valueOf: (image) => image.echoNumber, phaseOf: echoLabel },
  { key: "Echo Time", valueOf: (image) => image.echoTimeMs, phaseOf: echoLabel },
  { key: "Diffusion b-value", valueOf: (image) => image.bValue, phaseOf: diffusionLabel },
  {
    key: "Diffusion b-value and direction",
    valueOf: (image) => (image.bValue === undefined ? undefined : `${image.bValue} ${image.diffusionDirection ?? ""}`),
    phaseOf: diffusionLabel,
  },
  {
    key: "Trigger Time",
    valueOf: (image) => image.triggerTimeMs,
    phaseOf: (image) => labelled("Trigger Time", image.triggerTimeMs, "ms"),
  },
  {
    key: "Nominal Percentage of Cardiac Phase",
    valueOf: (image) => image.cardiacPhasePercent,
    phaseOf: (image) => labelled("Cardiac Phase", image.cardiacPhasePercent, "%"),
  },
  { key: "Image Type", valueOf: (image) => image.imageType, phaseOf: (image) => ({ label: `Image Type ${image.imageType ?? "absent"}` }) },
  {
    key: "Acquisition Number",
    valueOf: (image) => image.acquisitionNumber,
    phaseOf: (image) => labelled("Acquisition Number", image.acquisitionNumber),
  },
  {
    key: "Dimension Index Values",
    valueOf: (image) => image.dimensionIndexValues?.join(" "),
    phaseOf: (image) => ({ label: `Dimension Index ${image.dimensionIndexValues?.join(" ") ?? "absent"}` }),
  },
  {
    // Several enhanced instances or mosaics of one series, each of them a volume.
    key: "Instance",
    valueOf: (image) => (image.pixel.frames > 1 || image.region !== undefined ? image.sopInstanceUID : undefined),
    phaseOf: (image) => labelled("Instance Number", image.instanceNumber),
  },
];

/** Two identifiers as one: every pair of their values is a phase. */
export function pairOf(a: PhaseIdentifier, b: PhaseIdentifier): PhaseIdentifier {
  return {
    key: `${a.key} × ${b.key}`,
    valueOf: (image) => JSON.stringify([a.valueOf(image), b.valueOf(image)]),
    phaseOf: (image) => ({ label: `${a.phaseOf(image).label}, ${b.phaseOf(image).label}` }),
  };
}

function labelled(name: string, value: number | undefined, unit?: string): Phase {
  if (value === undefined) return { label: `${name} absent` };
  return { label: `${name} ${value}${unit === undefined ? "" : ` ${unit}`}`, value };
}

function echoLabel(image: ImageHeader): Phase {
  if (image.echoTimeMs === undefined) return { label: `Echo ${image.echoNumber ?? "absent"}` };
  return labelled("Echo Time", image.echoTimeMs, "ms");
}

function diffusionLabel(image: ImageHeader): Phase {
  return labelled("b-value", image.bValue, "s/mm²");
}
