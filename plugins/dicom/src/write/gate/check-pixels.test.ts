import { describe, expect, it } from "vitest";
import { opened } from "../hand-built-enhanced.test-support.ts";
import { imageOf, words, type Form } from "../hand-built-image.test-support.ts";
import { edited, patched, ruleBrokenBy, us, writtenSeries } from "./planted-faults.test-support.ts";

const PIXEL_DATA = 0x7fe00010;
const OWN_SLICE = "Pixel Data holds the stored values of its own slice";
const STORED_BITS = "no bits but the stored ones are set";

const RGB: Form = { samples: 3, photometric: "RGB", planar: 1 };
const BITS: Form = { bits: 1, frames: 5 };
const WIDE: Form = { bits: 32, more: [{ tag: 0x00280106, vr: "US", numbers: [1] }] };

/** Five frames of 4 bits; the rest of the third byte belongs to none. */
const PACKED = Buffer.from([0b0111_0001, 0b1000_1100, 0b0000_1010]);
const COLOURS = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

describe("the gate on other forms than greyscale of 8 and 16 bits", () => {
  it.each<[string, string, Buffer, Form, (file: Buffer) => Buffer]>([
    ["nothing where colours are in planes", "none", COLOURS, RGB, (file) => file],
    ["nothing where frames share bytes", "none", PACKED, BITS, (file) => file],
    ["nothing in 32 bits", "none", words(1, 2, 3, 70_000), WIDE, (file) => file],
    ["planes that changed places", OWN_SLICE, COLOURS, RGB, (file) => patched(file, PIXEL_DATA, (pixels) => pixels.copyWithin(0, 4, 8))],
    ["another Planar Configuration", "every other element has the template's bytes", COLOURS, RGB, (file) => edited(file, us(0x00280006, "US", 0))],
    ["a bit of a frame in the midst of a byte", OWN_SLICE, PACKED, BITS, (file) => patched(file, PIXEL_DATA, (pixels) => pixels.writeUInt8(0b0110_0001))],
    ["bits behind the last frame", STORED_BITS, PACKED, BITS, (file) => patched(file, PIXEL_DATA, (pixels) => pixels.writeUInt8(0b0001_1010, 2))],
    ["another value of 32 bits", OWN_SLICE, words(1, 2, 3, 70_000), WIDE, (file) => patched(file, PIXEL_DATA, (pixels) => pixels.writeUInt32LE(70_001, 12))],
    ["an extreme of 16 bits for values of 32", "nothing stale is left", words(1, 2, 3, 70_000), WIDE, (file) => edited(file, us(0x00280106, "US", 1))],
  ])("finds %s: %s", async (_fault, rule, pixels, form, plant) => {
    const written = await writtenSeries(await opened([imageOf(pixels, form)]));
    expect(await ruleBrokenBy(written, written.files.map(plant))).toBe(rule);
  });
});
