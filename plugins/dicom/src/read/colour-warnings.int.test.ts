import { codecContext } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { orSkipped, sharedDataPresent, sharedSource } from "../scan/shared-data.test-support.ts";
import { dicomReader } from "./dicom-reader.ts";

describe.skipIf(!sharedDataPresent)(`colours that are given as stored${orSkipped}`, () => {
  test.each([
    ["transfer-syntaxes/pydicom/examples_ybr_color.dcm", "COLOURS_AS_STORED"],
    ["transfer-syntaxes/pydicom/examples_palette.dcm", "PALETTE_INDICES"],
  ])("%s warns with %s, and grey does not", async (path, code) => {
    const codesOf = async (of: string): Promise<readonly string[]> => {
      const context = codecContext();
      for await (const { volume } of await dicomReader.open(sharedSource(of), {}, context)) expect(volume.voxel.indexed === true).toBe(of === path && code === "PALETTE_INDICES");
      return context.warnings.map((warning) => warning.code);
    };
    expect(await codesOf(path)).toContain(code);
    expect(await codesOf("geometry/pet-per-slice-slope")).not.toContain(code);
  });
});
