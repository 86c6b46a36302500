import type { DicomJson, DicomJsonElement, SeriesAttributes, TagSelection } from "@hilum/core";
import { elementJson, jsonKey, type JsonEncoding } from "../scan/data-set-json.ts";
import { HeadReader } from "../scan/read-head.ts";
import { Tag } from "../scan/tags.ts";
import { textDecodingFor } from "../scan/text.ts";
import { rawText, type ScannedHead } from "../scan/values.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";

/** What one frame's header has different from the first frame's: its element, or undefined where it has none. */
type Differences = Map<number, DicomJsonElement | undefined>;

/**
 * Reads the attributes of a series from its files again: what all frames share, byte for byte, and for each frame what
 * differs. JSON is made only of the first header and of what differs from it. Pixel Data, what stands behind it, group
 * lengths and binary values of more than 64 KiB are left out.
 * @throws {HilumError} MALFORMED_FILE when a file breaks the rules, also inside its sequences.
 */
export function readAttributes(instances: readonly DicomInstance[], selection: TagSelection): SeriesAttributes {
  const wanted = selection === "all" ? undefined : new Set([...selection].map((key) => Number.parseInt(key, 16)));
  const reader = new HeadReader();
  const first = readFirst(reader, instances[0] as DicomInstance, wanted);
  const differing = new Set<number>();
  const differences: Differences[] = [new Map()];
  for (const instance of instances.slice(1)) {
    readInstance(reader, instance);
    const found = compare(first, selected(reader, wanted), encodingOf(reader, instance));
    for (const tag of found.keys()) differing.add(tag);
    differences.push(found);
  }
  const tags = [...differing].sort((a, b) => a - b);
  const ofFirst = new Map(tags.map((tag) => [tag, first.jsonOf(tag)]));
  return {
    shared: record(first.rows.tags.filter((tag) => !differing.has(tag)).map((tag) => [tag, first.jsonOf(tag)])),
    perFrame: differences.map((found) => record(tags.map((tag) => [tag, found.has(tag) ? found.get(tag) : ofFirst.get(tag)]))),
  };
}

function record(elements: readonly (readonly [number, DicomJsonElement | undefined])[]): DicomJson {
  return Object.fromEntries(elements.flatMap(([tag, element]) => (element === undefined ? [] : [[jsonKey(tag), element]])));
}

function readInstance(reader: HeadReader, { file, transferSyntaxUID, dataSetStart }: DicomInstance): void {
  try {
    reader.readMeta(file);
    reader.readDataSet(file, { transferSyntaxUID, dataSetStart });
  } finally {
    file.close();
  }
}

/** The rows of a table that are asked for, and their bytes. */
interface Rows {
  readonly head: ScannedHead;
  readonly rows: readonly number[];
  readonly tags: readonly number[];
}

function selected(head: ScannedHead, wanted: ReadonlySet<number> | undefined): Rows {
  const rows: number[] = [];
  const tags: number[] = [];
  for (let row = 0; row < head.table.count; row++) {
    const tag = head.table.tag[row] as number;
    if (tag >= Tag.FloatPixelData) break;
    if ((tag & 0xffff) === 0 || wanted?.has(tag) === false) continue;
    rows.push(row);
    tags.push(tag);
  }
  return { head, rows, tags };
}

function encodingOf(head: ScannedHead, instance: DicomInstance): JsonEncoding & { readonly characterSet: string | undefined } {
  const characterSet = rawText(head, Tag.SpecificCharacterSet);
  return { explicitVr: instance.explicitVr, signed: instance.pixel.signed, characterSet, decodeText: textDecodingFor(characterSet) };
}

interface FirstHeader {
  readonly rows: Rows;
  readonly characterSet: string | undefined;
  readonly explicitVr: boolean;
  jsonOf(tag: number): DicomJsonElement | undefined;
}

/** The first header, kept while the reader goes on to others. */
function readFirst(reader: HeadReader, instance: DicomInstance, wanted: ReadonlySet<number> | undefined): FirstHeader {
  readInstance(reader, instance);
  const { table } = reader;
  const head: ScannedHead = {
    bytes: Buffer.from(reader.bytes),
    table: {
      count: table.count,
      tag: table.tag.slice(),
      vr: table.vr.slice(),
      start: table.start.slice(),
      value: table.value.slice(),
      valueEnd: table.valueEnd.slice(),
      end: table.end.slice(),
    },
  };
  const encoding = encodingOf(head, instance);
  const rows = selected(head, wanted);
  const rowOf = new Map(rows.tags.map((tag, index) => [tag, rows.rows[index] as number]));
  const jsonOf = (tag: number): DicomJsonElement | undefined => {
    const row = rowOf.get(tag);
    return row === undefined ? undefined : rowJson(head, row, encoding);
  };
  return { rows, characterSet: encoding.characterSet, explicitVr: encoding.explicitVr, jsonOf };
}

function rowJson({ bytes, table }: ScannedHead, row: number, encoding: JsonEncoding): DicomJsonElement | undefined {
  const place = {
    tag: table.tag[row] as number,
    vr: table.vr[row] as number,
    value: table.value[row] as number,
    valueEnd: table.valueEnd[row] as number,
  };
  return elementJson(bytes, place, encoding);
}

/** Walks both sorted headers side by side. */
function compare(first: FirstHeader, other: Rows, encoding: ReturnType<typeof encodingOf>): Differences {
  const found: Differences = new Map();
  const comparable = first.characterSet === encoding.characterSet && first.explicitVr === encoding.explicitVr;
  const { rows, tags, head } = first.rows;
  let i = 0;
  let j = 0;
  while (i < tags.length || j < other.tags.length) {
    const a = tags[i] ?? Number.POSITIVE_INFINITY;
    const b = other.tags[j] ?? Number.POSITIVE_INFINITY;
    if (a < b) {
      found.set(a, undefined);
      i++;
      continue;
    }
    const row = other.rows[j] as number;
    if (b < a || !comparable || !sameElement(head, rows[i] as number, other.head, row)) found.set(b, rowJson(other.head, row, encoding));
    if (a === b) i++;
    j++;
  }
  return found;
}

function sameElement(a: ScannedHead, rowOfA: number, b: ScannedHead, rowOfB: number): boolean {
  const fromA = a.table.value[rowOfA] as number;
  const fromB = b.table.value[rowOfB] as number;
  const length = (a.table.valueEnd[rowOfA] as number) - fromA;
  if (a.table.vr[rowOfA] !== b.table.vr[rowOfB] || (b.table.valueEnd[rowOfB] as number) - fromB !== length) return false;
  for (let i = 0; i < length; i++) if (a.bytes[fromA + i] !== b.bytes[fromB + i]) return false;
  return true;
}
