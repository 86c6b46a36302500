import { type Warning } from "@hilum/core";
import { describe, expect, it } from "vitest";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { handBuiltSeries, type HandBuiltOptions } from "../write/hand-built-series.test-support.ts";
import { readAttributes } from "./read-attributes.ts";

const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";
const LOSSY_IMAGE_COMPRESSION = "00282110";
const TOLD = { vr: "CS", Value: ["01"] };

/** Two images, the pixels of which came in these transfer syntaxes. */
function instancesIn(transferSyntaxes: readonly string[], options: HandBuiltOptions = {}): readonly DicomInstance[] {
  const { series, files } = handBuiltSeries({ slices: transferSyntaxes.length, ...options });
  return series.instances.map((instance, index) => ({
    ...instance,
    transferSyntaxUID: transferSyntaxes[index] as string,
    // Pixel Data, which is in no fragments here, is not looked at again.
    head: Buffer.from(files[index] as Uint8Array).subarray(0, instance.pixel.offset),
  }));
}

describe("attributes", () => {
  it("tell of lossy compression where a header forgot to, of those images that it was done to", () => {
    const rle = "1.2.840.10008.1.2.5";
    const { shared, perFrame } = readAttributes(instancesIn([JPEG_BASELINE, rle]), "all");
    expect([shared, ...perFrame].map((attributes) => attributes[LOSSY_IMAGE_COMPRESSION])).toEqual([undefined, TOLD, undefined]);
    const said = readAttributes(instancesIn([JPEG_BASELINE, rle], { elements: [{ tag: 0x00282110, vr: "CS", text: "00" }] }), "all");
    expect([said.shared, ...said.perFrame].map((attributes) => attributes[LOSSY_IMAGE_COMPRESSION])).toEqual([undefined, TOLD, { vr: "CS", Value: ["00"] }]);
    expect(readAttributes(instancesIn([JPEG_BASELINE]), new Set(["00080060"]))).toEqual({ shared: { "00080060": { vr: "CS", Value: ["MR"] } }, perFrame: [{}] });
  });

  it("are left out where they are longer than 1 MiB, which is said by their tags once", () => {
    const long = (tag: number) => ({ tag, vr: "UN", bytes: new Uint8Array(1024 * 1024 + 2) }) as const;
    const elements = [long(0x00191001), { tag: 0x00191002, vr: "SQ", items: [[long(0x00191003)]] }, { tag: 0x00191004, vr: "UN", bytes: new Uint8Array(1024 * 1024) }] as const;
    const warnings: Warning[] = [];
    const { shared } = readAttributes(instancesIn([JPEG_BASELINE, JPEG_BASELINE], { elements }), "all", (warning) => warnings.push(warning));
    expect(Object.keys(shared).filter((key) => key.startsWith("0019"))).toEqual(["00191002", "00191004"]);
    expect(warnings).toEqual([{ code: "ATTRIBUTES_LEFT_OUT", message: "Values of more than 1048576 bytes are left out: (0019,1001), (0019,1003)." }]);
  });
});
