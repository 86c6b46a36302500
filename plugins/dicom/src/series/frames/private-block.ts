import { rawText, type ScannedHead } from "../../scan/values.ts";

/** The creator of Siemens' CSA headers, (0029,xx00) to (0029,xxFF). */
export const CSA_CREATOR = "SIEMENS CSA HEADER";
/** The creator of Siemens' elements of MR images, in (0019,xx00) and (0051,xx00). */
export const MR_CREATOR = "SIEMENS MR HEADER";

/** The block of a private group that a creator reserved, 0x10 to 0xFF (PS3.5 7.8.1); undefined where it reserved none. */
export function privateBlockOf(head: ScannedHead, group: number, creator: string): number | undefined {
  for (let block = 0x10; block <= 0xff; block++) if (rawText(head, ((group << 16) | block) >>> 0) === creator) return block;
  return undefined;
}
