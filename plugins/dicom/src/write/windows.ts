import { rawText, type ScannedHead } from "../scan/values.ts";

const WINDOW_CENTER = 0x00281050;
const WINDOW_WIDTH = 0x00281051;
const WINDOW_EXPLANATION = 0x00281055;

/** Tags of windows of a template that contradict each other, as they have different numbers of values (PS3.3 C.11.2.1.2). */
export function contradictingWindows(head: ScannedHead): readonly number[] {
  const [centers, widths, explanations] = [WINDOW_CENTER, WINDOW_WIDTH, WINDOW_EXPLANATION].map((tag) => rawText(head, tag)?.split("\\").length);
  if (centers !== widths) return [WINDOW_CENTER, WINDOW_WIDTH, WINDOW_EXPLANATION];
  return explanations === undefined || explanations === centers ? [] : [WINDOW_EXPLANATION];
}
