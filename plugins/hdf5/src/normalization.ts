import type { Frame, LinearMap, ProcessingStep, SeriesSpec } from "@hilum/core";

/** How the numbers of a volume became what they are, and how they become real values again. */
export interface Normalization {
  /** What shares one map; "none" where the numbers are real values. */
  readonly scope: "none" | "series" | "phase" | "slice";
  /** The map that all frames share, where they do. */
  readonly shared?: LinearMap;
  /** The step that did it, where it is known. */
  readonly step?: ProcessingStep;
}

const SCOPES = ["series", "phase", "slice"] as const;

/** Finds the normalisation of a series in its frames and its history. */
export function normalizationOf(series: SeriesSpec): Normalization {
  const { frames } = series;
  const slices = series.volume.geometry.size[2];
  const first = frames[0]?.toReal;
  const shared = first !== undefined && frames.every(({ toReal }) => same(toReal, first)) ? first : undefined;
  if (shared !== undefined && shared.scale === 1 && shared.offset === 0) return { scope: "none", shared };
  const step = normalisingStep(series.history);

  const perPhase = frames.every(({ toReal }, index) => same(toReal, (frames[index - (index % slices)] as Frame).toReal));
  const seen = shared !== undefined ? 0 : perPhase ? 1 : 2;
  const said = SCOPES.indexOf((step?.config as { scope?: (typeof SCOPES)[number] } | undefined)?.scope ?? "series");
  const scope = SCOPES[Math.max(seen, said)] ?? "slice";
  return { scope, ...(shared && { shared }), ...(step && { step }) };
}

/** The last step "normalise", unless it was undone. */
export function normalisingStep(history: readonly ProcessingStep[]): ProcessingStep | undefined {
  const last = history.findLast(({ processor }) => processor === "normalise");
  return last?.inverse === true ? undefined : last;
}

function same(a: LinearMap, b: LinearMap): boolean {
  return a.scale === b.scale && a.offset === b.offset;
}
