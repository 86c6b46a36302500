import type { DicomJson, DicomJsonElement, SeriesAttributes, SourceFile, TagSelection, Warning } from "@hilum/core";
import { elementJson, jsonKey, MAX_VALUE_BYTES, type JsonEncoding } from "../scan/data-set-json.ts";
import { createElementTable, findElement, type ElementTable } from "../scan/element-table.ts";
import { tagText } from "../scan/malformed-file.ts";
import { HeadReader } from "../scan/read-head.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { Tag } from "../scan/tags.ts";
import { isLossySyntax } from "../scan/transfer-syntaxes.ts";
import { textDecodingFor } from "../scan/text.ts";
import { rawText, type ScannedHead } from "../scan/values.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { findItems } from "../series/frames/item-places.ts";

/** What one frame's header has different from the first frame's: its element, or undefined where it has none. */
type Differences = Map<number, DicomJsonElement | undefined>;

/**
 * Tells the attributes of a series, from the heads that were kept or else from its files again, each once: what all frames
 * share, byte for byte, and for each frame what differs. JSON is made only of the first header and of what differs from it.
 * Of Per-Frame Functional Groups Sequence a frame has its own item. Pixel Data, what stands behind it, group lengths and
 * values of more than 1 MiB are left out. That pixels were in a lossy transfer syntax is said, whatever their header says.
 * @param warn told of values that are left out.
 * @throws {HilumError} MALFORMED_FILE when a file breaks the rules, also inside its sequences.
 */
export function readAttributes(instances: readonly DicomInstance[], selection: TagSelection, warn: (warning: Warning) => void = () => {}): SeriesAttributes {
  const wanted = selection === "all" ? undefined : Uint32Array.from(selection, (key) => Number.parseInt(key, 16)).sort();
  const reader = new InstanceReader();
  const [firstFile, ...otherFiles] = framesByFile(instances) as readonly [readonly DicomInstance[], ...(readonly DicomInstance[])[]];
  const first = readFirst(reader, firstFile[0] as DicomInstance, wanted);
  const wantsGroups = wanted === undefined || wanted.includes(Tag.PerFrameFunctionalGroupsSequence);
  const groups = new Map<DicomInstance, DicomJsonElement>();
  if (wantsGroups) readFrameGroups(first.head, firstFile, first.encoding, groups);
  const differing = new Set<number>();
  const differences = new Map<SourceFile, Differences>([[(firstFile[0] as DicomInstance).file, new Map()]]);
  for (const frames of otherFiles) {
    const [instance] = frames as readonly [DicomInstance];
    const head = reader.read(instance);
    const encoding = encodingOf(head, instance, first.encoding);
    const found = compare(first, head, wanted, encoding);
    if (wantsGroups) readFrameGroups(head, frames, encoding, groups);
    for (const tag of found.keys()) differing.add(tag);
    differences.set(instance.file, found);
  }
  const tags = [...differing].sort((a, b) => a - b);
  const keys = tags.map(jsonKey);
  const ofFirst = tags.map((tag) => first.jsonOf(tag));
  const records = new Map<SourceFile, DicomJson>();
  for (const [file, found] of differences)
    records.set(file, record(tags.map((tag, at) => [keys[at] as string, found.has(tag) ? found.get(tag) : ofFirst[at]])));
  const attributes = {
    shared: record(
      first.tags.filter((tag) => !differing.has(tag)).map((tag) => [jsonKey(tag), first.jsonOf(tag)]),
    ),
    perFrame: instances.map((instance) => {
      const ofFile = records.get(instance.file) as DicomJson;
      const group = groups.get(instance);
      return group === undefined ? ofFile : { ...ofFile, [PER_FRAME_KEY]: group };
    }),
  };
  const { leftOut } = first.encoding;
  if (leftOut.size > 0)
    warn({ code: "ATTRIBUTES_LEFT_OUT", message: `Values of more than ${MAX_VALUE_BYTES} bytes are left out: ${[...leftOut].sort((a, b) => a - b).map(tagText).join(", ")}.` });
  return selection === "all" || selection.has(LOSSY_KEY) ? withLossTold(attributes, instances) : attributes;
}

const LOSSY_KEY = jsonKey(Tag.LossyImageCompression);

/** Once the pixels are elsewhere, the transfer syntax that they were in tells nobody any more (PS3.3 C.7.6.1.1.5). */
function withLossTold({ shared, perFrame }: SeriesAttributes, instances: readonly DicomInstance[]): SeriesAttributes {
  if (!instances.some(({ transferSyntaxUID }) => isLossySyntax(transferSyntaxUID))) return { shared, perFrame };
  const { [LOSSY_KEY]: said, ...others } = shared;
  return {
    shared: others,
    perFrame: perFrame.map((own, index) => {
      const isLossy = isLossySyntax((instances[index] as DicomInstance).transferSyntaxUID);
      return { ...(said && { [LOSSY_KEY]: said }), ...own, ...(isLossy && { [LOSSY_KEY]: { vr: "CS", Value: ["01"] } }) };
    }),
  };
}

const PER_FRAME_KEY = jsonKey(Tag.PerFrameFunctionalGroupsSequence);

/** The frames of each file, files in order of their first frame. */
function framesByFile(instances: readonly DicomInstance[]): readonly (readonly DicomInstance[])[] {
  const byFile = new Map<SourceFile, DicomInstance[]>();
  for (const instance of instances) {
    const frames = byFile.get(instance.file);
    if (frames === undefined) byFile.set(instance.file, [instance]);
    else frames.push(instance);
  }
  return [...byFile.values()];
}

/** Makes JSON of the item that each of a file's frames has in Per-Frame Functional Groups Sequence. */
function readFrameGroups(head: ScannedHead, frames: readonly DicomInstance[], encoding: JsonEncoding, into: Map<DicomInstance, DicomJsonElement>): void {
  const row = findElement(head.table, Tag.PerFrameFunctionalGroupsSequence);
  if (row < 0) return;
  const { items } = findItems({ bytes: head.bytes, table: head.table, explicitVr: encoding.explicitVr }, Tag.PerFrameFunctionalGroupsSequence);
  for (const frame of frames) {
    const item = items[frame.frameNumber - 1];
    if (item === undefined) continue;
    // One item by itself has the form of a sequence of one.
    const place = { tag: Tag.PerFrameFunctionalGroupsSequence, vr: head.table.vr[row] as number, value: item.start, valueEnd: item.end };
    const element = elementJson(head.bytes, place, encoding);
    if (element !== undefined) into.set(frame, element);
  }
}

/** Whether an element is none of all frames: group lengths, and the groups of single frames. */
function isLeftOut(tag: number): boolean {
  return (tag & 0xffff) === 0 || tag === Tag.PerFrameFunctionalGroupsSequence;
}

function record(elements: readonly (readonly [key: string, element: DicomJsonElement | undefined])[]): DicomJson {
  const data: Record<string, DicomJsonElement> = {};
  for (const [key, element] of elements) if (element !== undefined) data[key] = element;
  return data;
}

/** Reads the heads of instances; what it gave of one ends with the next. */
class InstanceReader {
  readonly #files = new HeadReader();
  readonly #table = createElementTable();

  read(instance: DicomInstance): ScannedHead {
    const { file, head, transferSyntaxUID, dataSetStart, explicitVr } = instance;
    if (head !== undefined) {
      scanDataSet(head, { bytesStart: 0, from: dataSetStart, fileSize: file.size, explicitVr, received: true }, this.#table);
      return { bytes: head, table: this.#table };
    }
    try {
      this.#files.readDataSet(file, { transferSyntaxUID, dataSetStart });
      return this.#files;
    } finally {
      file.close();
    }
  }
}

interface Encoding extends JsonEncoding {
  readonly characterSet: string | undefined;
  readonly leftOut: Set<number>;
}

/** How an instance's bytes become JSON; `known` where that is the same. */
function encodingOf(head: ScannedHead, { explicitVr, pixel: { signed } }: DicomInstance, known?: Encoding): Encoding {
  const characterSet = rawText(head, Tag.SpecificCharacterSet);
  if (known !== undefined && known.characterSet === characterSet && known.explicitVr === explicitVr && known.signed === signed) return known;
  return { explicitVr, signed, characterSet, decodeText: textDecodingFor(characterSet), leftOut: known?.leftOut ?? new Set() };
}

/** The first header, kept while the reader goes on to others. */
interface FirstHeader {
  readonly head: ScannedHead;
  readonly encoding: Encoding;
  /** The rows that are asked for, and their tags. */
  readonly rows: readonly number[];
  readonly tags: readonly number[];
  jsonOf(tag: number): DicomJsonElement | undefined;
}

function readFirst(reader: InstanceReader, instance: DicomInstance, wanted: Uint32Array | undefined): FirstHeader {
  const { bytes, table } = reader.read(instance);
  const head: ScannedHead = { bytes: instance.head ?? Buffer.from(bytes), table: copyOf(table) };
  const encoding = encodingOf(head, instance);
  const rows: number[] = [];
  const tags: number[] = [];
  const asked = wanted === undefined ? undefined : new Set(wanted);
  for (let row = 0; row < table.count && (table.tag[row] as number) < Tag.FloatPixelData; row++) {
    const tag = table.tag[row] as number;
    if (isLeftOut(tag) || asked?.has(tag) === false) continue;
    rows.push(row);
    tags.push(tag);
  }
  const rowOf = new Map(tags.map((tag, index) => [tag, rows[index] as number]));
  const jsonOf = (tag: number): DicomJsonElement | undefined => {
    const row = rowOf.get(tag);
    return row === undefined ? undefined : rowJson(head, row, encoding);
  };
  return { head, encoding, rows, tags, jsonOf };
}

function copyOf(table: ElementTable): ElementTable {
  return {
    count: table.count,
    tag: table.tag.slice(),
    vr: table.vr.slice(),
    start: table.start.slice(),
    value: table.value.slice(),
    valueEnd: table.valueEnd.slice(),
    end: table.end.slice(),
  };
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

/** Walks both sorted headers, and what is wanted of them, side by side. */
function compare(first: FirstHeader, other: ScannedHead, wanted: Uint32Array | undefined, encoding: Encoding): Differences {
  const found: Differences = new Map();
  const comparable = first.encoding.characterSet === encoding.characterSet && first.encoding.explicitVr === encoding.explicitVr;
  const { rows, tags, head } = first;
  const { table } = other;
  let i = 0;
  let w = 0;
  for (let row = 0; row < table.count; row++) {
    const tag = table.tag[row] as number;
    if (tag >= Tag.FloatPixelData) break;
    if (isLeftOut(tag)) continue;
    if (wanted !== undefined) {
      while (w < wanted.length && (wanted[w] as number) < tag) w++;
      if (wanted[w] !== tag) continue;
    }
    while (i < tags.length && (tags[i] as number) < tag) found.set(tags[i++] as number, undefined);
    const known = tags[i] === tag;
    if (!known || !comparable || !sameElement(head, rows[i] as number, other, row)) found.set(tag, rowJson(other, row, encoding));
    if (known) i++;
  }
  for (; i < tags.length; i++) found.set(tags[i] as number, undefined);
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
