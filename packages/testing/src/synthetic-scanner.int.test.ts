import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "./temporary-directory.ts";
import { saveFiles, type NamedFile } from "./named-file.ts";
import { CANARY } from "./scan-data-set.ts";
import { scanSeries, type ScanOptions } from "./synthetic-scanner.ts";

const PYTHON = "/usr/bin/python3";
const hasPydicom = spawnSync(PYTHON, ["-c", "import pydicom, numpy"]).status === 0;
const hasDicom3tools = spawnSync("dciodvfy", ["-version"]).error === undefined;

const READ_WITH_PYDICOM = `
import glob, json, sys, numpy, pydicom
def stored_values(d):
    bits = d.pixel_array.astype(numpy.int64) & (2 ** d.BitsStored - 1)
    if d.PixelRepresentation == 1:
        bits = numpy.where(bits >= 2 ** (d.BitsStored - 1), bits - 2 ** d.BitsStored, bits)
    return bits.ravel().tolist()
out = []
for path in sorted(glob.glob(sys.argv[1] + "/*")):
    d = pydicom.dcmread(path)
    out.append({
        "uid": d.SOPInstanceUID, "metaUid": d.file_meta.MediaStorageSOPInstanceUID, "syntax": d.file_meta.TransferSyntaxUID.name,
        "sopClass": d.SOPClassUID.name, "series": d.SeriesInstanceUID, "frameOfReference": d.FrameOfReferenceUID,
        "position": [float(v) for v in d.ImagePositionPatient], "orientation": [float(v) for v in d.ImageOrientationPatient],
        "spacing": [float(v) for v in d.PixelSpacing], "shape": list(d.pixel_array.shape), "pixels": stored_values(d),
        "slope": float(d.get("RescaleSlope", 1)), "intercept": float(d.get("RescaleIntercept", 0)),
        "smallest": d.SmallestImagePixelValue, "largest": d.LargestImagePixelValue, "padding": d.get("PixelPaddingValue"),
        "instanceNumber": int(d.InstanceNumber), "acquisitionNumber": int(d.AcquisitionNumber), "acquisitionTime": str(d.AcquisitionTime),
        "temporalPosition": d.get("TemporalPositionIdentifier"), "patient": str(d.PatientName), "patientId": d.PatientID,
        "request": d.RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeMeaning,
        "private": [e.value if isinstance(e.value, (int, float, str)) else None for e in d.group_dataset(0x0029)],
        "nestedPrivate": len(d[0x0019, 0x1004].value) if (0x0019, 0x1004) in d and d[0x0019, 0x1004].VR == "SQ" else None,
    })
json.dump(out, sys.stdout)
`;

interface ReadInstance {
  readonly uid: string;
  readonly metaUid: string;
  readonly syntax: string;
  readonly sopClass: string;
  readonly series: string;
  readonly frameOfReference: string;
  readonly position: readonly number[];
  readonly orientation: readonly number[];
  readonly spacing: readonly number[];
  readonly shape: readonly number[];
  readonly pixels: readonly number[];
  readonly slope: number;
  readonly intercept: number;
  readonly smallest: number;
  readonly largest: number;
  readonly padding: number | null;
  readonly instanceNumber: number;
  readonly acquisitionNumber: number;
  readonly acquisitionTime: string;
  readonly temporalPosition: string | number | null;
  readonly patient: string;
  readonly patientId: string;
  readonly request: string;
  readonly private: readonly unknown[];
  readonly nestedPrivate: number | null;
}

function readWithPydicom(files: readonly NamedFile[]): readonly ReadInstance[] {
  using directory = temporaryDirectory();
  saveFiles(directory.path, files);
  const { stdout, stderr, status } = spawnSync(PYTHON, ["-c", READ_WITH_PYDICOM, directory.path], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`pydicom could not read the scan: ${stderr}`);
  return JSON.parse(stdout) as readonly ReadInstance[];
}

const SCANS: readonly (readonly [string, ScanOptions])[] = [
  ["MR axial, 12 bits, explicit", {}],
  ["MR oblique, three phases, shuffled, implicit, undefined lengths", { orientation: "oblique", phases: 3, shuffled: true, transferSyntax: "implicit", sequenceLength: "undefined", seed: 1 }],
  ["MR sagittal, breast-like, explicit, undefined lengths, Latin-1", { orientation: "sagittal", phases: 3, phaseStyle: "breast-like", sequenceLength: "undefined", characterSet: "ISO_IR 100", seed: 2 }],
  ["MR signed 12 bits with padding, UTF-8", { signed: true, padding: true, characterSet: "ISO_IR 192", seed: 3 }],
  ["MR signed 12 bits with rubbish above", { signed: true, unusedBits: "noise", seed: 11 }],
  ["MR unsigned 12 bits with rubbish above", { unusedBits: "noise", seed: 12 }],
  ["MR 16 bits with a slope per slice", { bitsStored: 16, slopePerSlice: true, seed: 4 }],
  ["MR 8 bits with an odd number of pixels", { bitsStored: 8, seed: 5 }],
  ["MR 8 bits, implicit", { bitsStored: 8, transferSyntax: "implicit", seed: 6 }],
  ["CT with padding", { modality: "CT", padding: true, seed: 7 }],
  ["CT signed 16 bits, implicit", { modality: "CT", signed: true, bitsStored: 16, transferSyntax: "implicit", padding: true, seed: 8 }],
  ["PET, oblique", { modality: "PT", orientation: "oblique", seed: 9 }],
  ["PET, two phases with padding", { modality: "PT", phases: 2, padding: true, shuffled: true, transferSyntax: "implicit", seed: 10 }],
];

describe.skipIf(!hasPydicom)(`pydicom reads what the formula says${hasPydicom ? "" : " (skipped: no pydicom)"}`, () => {
  test.each(SCANS)("%s", (_, options) => {
    const { files, expected } = scanSeries(options);
    const { geometry } = expected.volume;
    const [columns, rows] = geometry.size;
    const instances = readWithPydicom(files);
    expect(instances.length).toBe(expected.frames.length);
    for (const frame of expected.frames) {
      const instance = instances.find(({ uid }) => uid === frame.derivedFrom[0]?.sopInstanceUID);
      const pixels = Array.from({ length: rows * columns }, (__, at) => expected.storedAt(frame.phase, frame.slice, Math.floor(at / columns), at % columns));
      const content = pixels.filter((value) => value !== expected.range.padding);
      expect(instance).toMatchObject({
        metaUid: frame.derivedFrom[0]?.sopInstanceUID,
        syntax: options.transferSyntax === "implicit" ? "Implicit VR Little Endian" : "Explicit VR Little Endian",
        series: expected.metadata.seriesInstanceUID,
        frameOfReference: geometry.frameOfReferenceUID,
        position: frame.imagePosition,
        orientation: [...geometry.direction[0], ...geometry.direction[1]],
        spacing: [geometry.spacing[1], geometry.spacing[0]],
        shape: [rows, columns],
        pixels,
        slope: frame.modalityLut.scale,
        intercept: frame.modalityLut.offset,
        smallest: Math.min(...content),
        largest: Math.max(...content),
        padding: options.padding === true ? expected.range.padding : null,
        instanceNumber: frame.values.instanceNumber,
        request: "Phantom protocol",
        patientId: `${CANARY}-ID`,
      });
    }
  });

  test("names the patient in the character set of the file", () => {
    const name = (options: ScanOptions): string | undefined => readWithPydicom(scanSeries(options).files)[0]?.patient;
    expect(name({})).toBe(`${CANARY}^PHANTOM`);
    expect(name({ characterSet: "ISO_IR 100" })).toBe(`${CANARY}^Zoë Müller`);
    expect(name({ characterSet: "ISO_IR 192" })).toBe(`${CANARY}^Zoë Müller`);
  });

  test("has private groups, a private sequence of two items among them, unless they are left out", () => {
    const [own] = readWithPydicom(scanSeries({ sequenceLength: "undefined" }).files);
    expect(own?.nestedPrivate).toBe(2);
    expect(own?.private[0]).toBe("HILUM TEST B");
    expect(readWithPydicom(scanSeries({ privateGroups: false }).files)[0]?.private).toEqual([]);
  });

  test("is misleading in the way of the breast series: acquisition numbers 1, 2, 2 and no temporal position", () => {
    const instances = readWithPydicom(scanSeries({ phases: 3, phaseStyle: "breast-like" }).files).toSorted((a, b) => a.instanceNumber - b.instanceNumber);
    expect(instances.map(({ acquisitionNumber }) => acquisitionNumber)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(instances.every(({ temporalPosition }) => temporalPosition === null)).toBe(true);
    // Within a phase times differ; at each position they rise with the phase. 08:15:00 + 92.4 s + 0.62 s = 08:16:33.02.
    expect(new Set(instances.map(({ acquisitionTime }) => acquisitionTime)).size).toBe(15);
    expect(instances[7]?.acquisitionTime).toBe("081633.020000");
  });

  test("tells phases by Temporal Position Identifier otherwise", () => {
    const instances = readWithPydicom(scanSeries({ phases: 3 }).files).toSorted((a, b) => a.instanceNumber - b.instanceNumber);
    expect(instances.map(({ temporalPosition }) => Number(temporalPosition))).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3]);
  });
});

describe.skipIf(!hasDicom3tools)(`dicom3tools find no error${hasDicom3tools ? "" : " (skipped: no dciodvfy)"}`, () => {
  // Eight bits allocated are not allowed in these objects, and are here on purpose.
  test.each(SCANS.filter(([, { bitsStored }]) => bitsStored !== 8))("%s", (_, options) => {
    using directory = temporaryDirectory();
    saveFiles(directory.path, scanSeries(options).files);
    const paths = readdirSync(directory.path).map((name) => join(directory.path, name));
    const findings = paths.flatMap((path) => errorsOf("dciodvfy", ["-new", path]));
    expect(findings).toEqual([]);
    expect(errorsOf("dcentvfy", paths)).toEqual([]);
  });

  test("and find the ones that there are, so that this test can fail", () => {
    using directory = temporaryDirectory();
    saveFiles(directory.path, scanSeries({ bitsStored: 8 }).files);
    const path = join(directory.path, readdirSync(directory.path)[0] ?? "");
    expect(errorsOf("dciodvfy", ["-new", path]).join("\n")).toContain("BitsAllocated");
  });

  test("and see the foreign patient in a series", () => {
    using directory = temporaryDirectory();
    saveFiles(directory.path, scanSeries({ faults: [{ kind: "foreign-patient", slice: 1 }] }).files);
    const paths = readdirSync(directory.path).map((name) => join(directory.path, name));
    expect(errorsOf("dcentvfy", paths).length).toBeGreaterThan(0);
  });
});

function errorsOf(tool: string, parameters: readonly string[]): readonly string[] {
  const { stdout, stderr } = spawnSync(tool, parameters, { encoding: "utf8" });
  return `${stdout}\n${stderr}`.split("\n").filter((line) => line.startsWith("Error"));
}
