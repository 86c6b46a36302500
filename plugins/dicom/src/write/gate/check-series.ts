import { crc32 } from "node:zlib";
import { isHilumError } from "@hilum/core";
import { findElement } from "../../scan/element-table.ts";
import { checkAttributes } from "./check-attributes.ts";
import { checkDerived } from "./check-derived.ts";
import { checkKept } from "./check-kept.ts";
import { checkMap } from "./check-map.ts";
import { checkPixels } from "./check-pixels.ts";
import { checkOrder, checkPlaces, type SlicePositions } from "./check-places.ts";
import type { ExpectedInstance, ExpectedSeries, WrittenFile } from "./expected-series.ts";
import { frameGroupsOf, groupsIn } from "./frame-groups.ts";
import { ReadBackFile } from "./read-back-file.ts";
import { must, ruleBroken } from "./rule.ts";
import { tagRulesOf } from "./tag-rules.ts";
import { TemplateHeader } from "./template-header.ts";

const SERIES_INSTANCE_UID = 0x0020000e;
const SOP_INSTANCE_UID = 0x00080018;

/** The write gate: takes the files of a series one after the other, and then says whether they are the whole of it. */
export interface SeriesGate {
  /** @throws {HilumError} VERIFICATION_FAILED, naming the rule that the file breaks. */
  check(file: WrittenFile): Promise<void>;
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
  const memory = { frame: Buffer.alloc(0) };
  const waiting = new Map(expected.instances.map((instance) => [instance.name, instance]));
  const sopInstanceUIDs = new Set<string>();
  const positions: SlicePositions = new Map();

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
  const checkDerivedFile = async (instance: ExpectedInstance): Promise<void> => {
    const rules = tagRulesOf(instance, template);
    checkKept(file, template, rules);
    checkAttributes(file, template, rules, instance.template);
    const groups = frameGroupsOf(file, instance.sopClassUID, instance.frames.length);
    checkDerived(file, groups, template, instance);
    await checkPixels(file, instance, memory);
    checkPlaces(groups, instance, positions);
  };

  return {
    async check(written) {
      const instance = waiting.get(written.name);
      if (instance === undefined) throw ruleBroken("the series has the files that it should have, and no other");
      waiting.delete(written.name);
      try {
        file.load(written, instance.template.pixel.offset);
        template.load(instance.template);
        checkSopUid();
        checkSeriesUid(instance);
        if (instance.sopClassUID === instance.template.sopClassUID) await checkDerivedFile(instance);
        else {
          checkMap(file, template, instance, memory);
          checkPlaces(groupsIn(file, instance.frames.length), instance, positions);
        }
        checkBytes(file, instance);
      } catch (cause) {
        if (!isHilumError(cause) || cause.code === "VERIFICATION_FAILED") throw cause;
        throw ruleBroken("every value can be read", {}, cause);
      }
    },
    end() {
      must(waiting.size === 0, "the series has the files that it should have, and no other");
      checkOrder(positions);
    },
  };
}

/** What no other rule knows: the words of descriptions, times, the equipment. */
function checkBytes({ bytes, table }: ReadBackFile, { checksums }: ExpectedInstance): void {
  const headEnd = table.valueEnd[findElement(table, SERIES_INSTANCE_UID)] as number;
  must(crc32(bytes.subarray(0, headEnd)) === checksums.head && crc32(bytes.subarray(headEnd)) === checksums.rest, "every byte is the one that was written");
}
