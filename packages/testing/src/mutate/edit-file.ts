import { draftOf, encodedElement, grownAround, spliced, withLength, withValue } from "./draft.ts";
import { part10Layout, type Piece } from "./part10-layout.ts";
import { seededRandom } from "./seeded-random.ts";

/** Where the first element of that tag lies, bytes from the start of the file. @throws {RangeError} when there is none. */
export function placeOf(file: Uint8Array, tag: number): Pick<Piece, "start" | "value" | "end"> {
  const piece = part10Layout(file).pieces.find((candidate) => candidate.tag === tag);
  if (piece === undefined) throw new RangeError(`The file has no element ${tag.toString(16).padStart(8, "0")}.`);
  return piece;
}

/** The file in which the first element of that tag has another value, of any length; the lengths around it are told. */
export function withElementValue(file: Uint8Array, tag: number, value: Uint8Array): Uint8Array {
  return withValue(draftOf(file, seededRandom(0, 0)), placeOf(file, tag) as Piece, value);
}

/** The file in which the length field of the first element of that tag is another number, and nothing else is. */
export function withElementLength(file: Uint8Array, tag: number, length: number): Uint8Array {
  return withLength(draftOf(file, seededRandom(0, 0)), placeOf(file, tag) as Piece, length);
}

/** The file with these bytes before the first element of that tag; the lengths around it are told. */
export function withBytesBefore(file: Uint8Array, tag: number, bytes: Uint8Array): Uint8Array {
  const piece = placeOf(file, tag) as Piece;
  return grownAround(spliced(file, piece.start, piece.start, bytes), part10Layout(file), piece, bytes.length);
}

/** An element as the file's transfer syntax wants it. */
export function elementFor(file: Uint8Array, tag: number, vr: string, value: Uint8Array): Uint8Array {
  return encodedElement(draftOf(file, seededRandom(0, 0)), tag, vr, value);
}
