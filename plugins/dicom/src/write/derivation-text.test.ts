import type { ProcessingStep } from "@hilum/core";
import { describe, expect, it } from "vitest";
import { describeDerivation } from "./derivation-text.ts";

const normalise: ProcessingStep = { processor: "normalise", program: "prepost 0.1.0", config: { mode: "min-max" } };
const blur: ProcessingStep = {
  processor: "gaussian-blur",
  program: "blur 0.2.0",
  config: { sigmaMm: 1 },
  derivation: { description: "3D Gaussian blur, sigma 1 mm", code: { value: "113088", scheme: "DCM", meaning: "Gaussian blur" } },
};
const undo: ProcessingStep = { ...normalise, inverse: true };

describe("describeDerivation", () => {
  it("names every step with its program, and says what was undone", () => {
    const { description, codes, label } = describeDerivation([normalise, blur, undo]);
    expect(description).toBe(
      "normalise (prepost 0.1.0); 3D Gaussian blur, sigma 1 mm (blur 0.2.0); undone: normalise (prepost 0.1.0); " +
        "written by Hilum (@hilum/plugin-dicom 0.1.0). Not for clinical use.",
    );
    expect(codes).toEqual([{ value: "113088", scheme: "DCM", meaning: "Gaussian blur" }]);
    expect(label).toBe("gaussian-blur");
  });

  it("says that a series without steps was converted", () => {
    expect(describeDerivation([])).toEqual({
      description: "Converted; written by Hilum (@hilum/plugin-dicom 0.1.0). Not for clinical use.",
      codes: [],
      label: "derived",
      programs: ["@hilum/plugin-dicom 0.1.0"],
    });
  });

  it("names each program once, in at most 64 characters that an LO may hold", () => {
    const foreign = { ...normalise, program: `C:\\über ${"x".repeat(80)}` };
    const { programs } = describeDerivation([blur, blur, foreign]);
    expect(programs.slice(0, 2)).toEqual(["@hilum/plugin-dicom 0.1.0", "blur 0.2.0"]);
    expect(programs[2]).toMatch(/^C:\/\?ber x+\.\.\.$/);
    expect(programs[2]).toHaveLength(64);
  });

  it("stays within the 1024 characters of an ST and within ASCII, and always says that it is not for clinical use", () => {
    const { description } = describeDerivation(Array.from({ length: 60 }, () => ({ ...blur, derivation: { description: "Glättung σ" } })));
    expect(description).toHaveLength(1024);
    expect(description).toMatch(/^[\x20-\x7e]+\. Not for clinical use\.$/);
  });
});
