import { findElement } from "../../scan/element-table.ts";
import { rawBytes, rawText, type ScannedHead } from "../../scan/values.ts";
import type { DayTime } from "../image-header.ts";
import { faultOf } from "../read-plane.ts";

const vrCode = (vr: string): number => (vr.charCodeAt(0) << 8) | vr.charCodeAt(1);
/** 0 stands for implicit VR, and UN for a value that came by way of one. */
const UNSIGNED_LONG: ReadonlySet<number> = new Set([0, vrCode("UN"), vrCode("UL")]);
const ATTRIBUTE_TAG: ReadonlySet<number> = new Set([0, vrCode("UN"), vrCode("AT")]);

/** A Date Time (PS3.5 6.2) to the second at least; its offset from UTC is left out, since all times of an image are local. */
const DT_GRAMMAR = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d(?:\.\d{1,6})?)(?:[+-]\d{4})?$/;

/** The values of an Unsigned Long. @throws {HilumError} MALFORMED_FILE, as all that follow, naming tag and offset. */
export function unsignedLongs(head: ScannedHead, tag: number): readonly number[] | undefined {
  const bytes = valueOf(head, tag, UNSIGNED_LONG, "holds no 32-bit integers");
  return bytes === undefined ? undefined : Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
}

/** The values of an Attribute Tag. */
export function attributeTags(head: ScannedHead, tag: number): readonly number[] | undefined {
  const bytes = valueOf(head, tag, ATTRIBUTE_TAG, "holds no attribute tags");
  if (bytes === undefined) return undefined;
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt16LE(index * 4) * 0x10000 + bytes.readUInt16LE(index * 4 + 2));
}

function valueOf(head: ScannedHead, tag: number, vrs: ReadonlySet<number>, fault: string): Buffer | undefined {
  const bytes = rawBytes(head, tag);
  if (bytes === undefined) return undefined;
  if (!vrs.has(head.table.vr[findElement(head.table, tag)] as number) || bytes.length % 4 !== 0) throw faultOf(head, tag, fault);
  return bytes;
}

/** A Date Time. */
export function dateTime(head: ScannedHead, tag: number): DayTime | undefined {
  const text = rawText(head, tag);
  if (text === undefined) return undefined;
  const parts = DT_GRAMMAR.exec(text)?.slice(1).map(Number) as [number, number, number, number, number, number] | undefined;
  if (parts === undefined) throw faultOf(head, tag, "is no valid date and time");
  const [year, month, day, hour, minute, second] = parts;
  const date = new Date(Date.UTC(year, month - 1, day));
  // 60 is a leap second.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second >= 61)
    throw faultOf(head, tag, "is no valid date and time");
  return { day: date.getTime() / 86_400_000, seconds: hour * 3600 + minute * 60 + second };
}
