import { crc32 } from "node:zlib";
import { cross, dot, isHilumError, type Vec3 } from "@hilum/core";
import { findElement } from "../../scan/element-table.ts";
import { decimalsOf } from "../../scan/values.ts";
import { checkDerived } from "./check-derived.ts";
import { checkKept, tagRulesOf, type TagRules } from "./check-kept.ts";
import { checkPixels } from "./check-pixels.ts";
import type { ExpectedInstance, ExpectedSeries, WrittenFile } from "./expected-series.ts";
import { ReadBackFile } from "./read-back-file.ts";
import { must, ruleBroken } from "./rule.ts";
import { TemplateHeader } from "./template-header.ts";

const SERIES_INSTANCE_UID = 0x0020000e;
const SOP_INSTANCE_UID = 0x00080018;
const PIXEL_DATA = 0x7fe00010;
const IMAGE_POSITION = 0x00200032;
const IMAGE_ORIENTATION = 0x00200037;

/** The write gate: takes the files of a series one after the other, and then says whether they are the whole of it. */
export interface SeriesGate {
  /** @throws {HilumError} VERIFICATION_FAILED, naming the rule that the file breaks. */
  check(file: WrittenFile): void;
  /** @throws {HilumError} VERIFICATION_FAILED where files are missing. */
  end(): void;
}

/**
 * Reads a written series back before anything of it is published, and compares it with its templates. It has memory of its own
 * and shares neither bytes nor edits with the writer: only what was meant, {@link ExpectedSeries}.
 */
export function createSeriesGate(expected: ExpectedSeries): SeriesGate {
  const file = new ReadBackFile();
  const template = new TemplateHeader();
  const waiting = new Map(expected.instances.map((instance) => [instance.name, instance]));
  const sopInstanceUIDs = new Set<string>();
  const rules = new Map<string, TagRules>();
  /** Slice positions by phase and slice, mm. */
  const positions = new Map<number, Map<number, number>>();

  const rulesFor = ({ form }: ExpectedInstance): TagRules => {
    const known = rules.get(form.declaredBy) ?? tagRulesOf(form);
    rules.set(form.declaredBy, known);
    return known;
  };
  const checkSeriesUid = ({ template: source }: ExpectedInstance): void => {
    const uid = file.text(SERIES_INSTANCE_UID);
    must(uid === expected.seriesInstanceUID, "all instances have the one Series Instance UID", SERIES_INSTANCE_UID);
    must(uid !== source.seriesInstanceUID, "Series Instance UID is new", SERIES_INSTANCE_UID);
  };
  const checkSopUid = (): void => {
    const uid = file.text(SOP_INSTANCE_UID) ?? "";
    must(!sopInstanceUIDs.has(uid), "SOP Instance UIDs are unique", SOP_INSTANCE_UID);
    sopInstanceUIDs.add(uid);
  };
  const notePosition = ({ phase, slice }: ExpectedInstance): void => {
    const position = slicePositionOf(file);
    if (position === undefined) return;
    const ofPhase = positions.get(phase) ?? new Map<number, number>();
    positions.set(phase, ofPhase.set(slice, position));
  };

  return {
    check(written) {
      const instance = waiting.get(written.name);
      if (instance === undefined) throw ruleBroken("the series has the files that it should have, and no other");
      waiting.delete(written.name);
      try {
        file.load(written, instance.template.file.size);
        template.load(instance.template);
        checkSopUid();
        checkSeriesUid(instance);
        checkKept(file, template, rulesFor(instance));
        checkDerived(file, template, instance);
        checkPixels(file, instance);
        checkBytes(file, instance);
        notePosition(instance);
      } catch (cause) {
        if (!isHilumError(cause) || cause.code === "VERIFICATION_FAILED") throw cause;
        throw ruleBroken("every value can be read", {}, cause);
      }
    },
    end() {
      must(waiting.size === 0, "the series has the files that it should have, and no other");
      for (const ofPhase of positions.values()) {
        const inOrder = [...ofPhase].sort(([a], [b]) => a - b).map(([, position]) => position);
        must(inOrder.every((position, i) => i === 0 || position > (inOrder[i - 1] as number)), "slices ascend in each phase", IMAGE_POSITION);
      }
    },
  };
}

/** What no other rule knows: the words of descriptions, times, the equipment. */
function checkBytes({ bytes, table }: ReadBackFile, { checksums }: ExpectedInstance): void {
  const headEnd = table.valueEnd[findElement(table, SERIES_INSTANCE_UID)] as number;
  const pixels = findElement(table, PIXEL_DATA);
  const rest = crc32(bytes.subarray(table.valueEnd[pixels]), crc32(bytes.subarray(headEnd, table.value[pixels])));
  must(crc32(bytes.subarray(0, headEnd)) === checksums.head && rest === checksums.rest, "every byte is the one that was written");
}

/** Distance along the normal of the image, mm; undefined where the instance tells no place. */
function slicePositionOf(file: ReadBackFile): number | undefined {
  const position = decimalsOf(file, IMAGE_POSITION, 3);
  const cosines = decimalsOf(file, IMAGE_ORIENTATION, 6);
  if (position === undefined || cosines === undefined) return undefined;
  const normal = cross(cosines.slice(0, 3) as unknown as Vec3, cosines.slice(3) as unknown as Vec3);
  return dot(position as unknown as Vec3, normal);
}
