import { malformedFile } from "../../scan/malformed-file.ts";

const TAGS_MARK = "SV10";
const NAME_BYTES = 64;
/** Name, VM, VR, two codes, count of items, and a mark. */
const TAG_BYTES = NAME_BYTES + 20;
const ITEM_BYTES = 16;
/** Headers have some 100 tags of at most some 500 items; more are refused. */
const MAX_TAGS = 1000;

/**
 * The values of a Siemens CSA header, by the names of its tags: texts, in the form that Siemens writes numbers in. Reads
 * the later form (which begins with "SV10") and the earlier one, which has no mark and hides each item's length in another
 * field.
 * @param at the tag that holds the header, and where its value begins in the file: errors name them.
 * @throws {HilumError} MALFORMED_FILE.
 */
export function readCsaHeader(bytes: Buffer, at: { readonly tag: number; readonly offset: number }): ReadonlyMap<string, readonly string[]> {
  const fault = (position: number): Error => malformedFile("holds a CSA header that breaks its form", at.tag, at.offset + position);
  const withMark = bytes.toString("latin1", 0, TAGS_MARK.length) === TAGS_MARK;
  let position = withMark ? 8 : 0;
  if (position + 8 > bytes.length) throw fault(0);
  const count = bytes.readUInt32LE(position);
  if (count < 1 || count > MAX_TAGS) throw fault(position);
  position += 8;
  const tags = new Map<string, readonly string[]>();
  let lengthOffset = 0;
  for (let index = 0; index < count; index++) {
    if (position + TAG_BYTES > bytes.length) throw fault(position);
    const name = textOf(bytes, position, position + NAME_BYTES);
    const multiplicity = bytes.readInt32LE(position + NAME_BYTES);
    const items = bytes.readInt32LE(position + TAG_BYTES - 8);
    position += TAG_BYTES;
    // In the earlier form the first tag's count of items is added to every length.
    if (index === 0 && !withMark) lengthOffset = items;
    const values: string[] = [];
    for (let item = 0; item < items; item++) {
      if (position + ITEM_BYTES > bytes.length) throw fault(position);
      const length = withMark ? bytes.readInt32LE(position + 4) : bytes.readInt32LE(position) - lengthOffset;
      position += ITEM_BYTES;
      if (length < 0 || position + length > bytes.length) throw fault(position);
      // Items beyond the multiplicity only fill up; a multiplicity of 0 says that all count.
      if (length > 0 && (multiplicity < 1 || item < multiplicity)) values.push(textOf(bytes, position, position + length));
      position += Math.ceil(length / 4) * 4;
    }
    tags.set(name, values);
  }
  return tags;
}

/** Text up to the first NUL, without padding. */
function textOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString("latin1", from, to);
  const end = text.indexOf("\0");
  return (end < 0 ? text : text.slice(0, end)).trim();
}
