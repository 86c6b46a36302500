import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readImageNode } from "@itk-wasm/image-io";
import { isHilumError, slabOver, type ImageSeries } from "@hilum/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hdf5Codec } from "./hdf5-codec.ts";
import { WRITE_OPTIONS, type WriteOptions } from "./options.ts";
import { codecContext, DIRECTION, maskOf, memorySink, ORIGIN, phantom, sourceOf, SPACING, type Phantom } from "./phantom-series.test-support.ts";

const PYTHON = "/usr/bin/python3";
const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const noH5py = !works(PYTHON, "-c", "import h5py");
const noH5dump = !works("h5dump", "--version");

const { reader, writer } = hdf5Codec;
if (reader === undefined || writer === undefined) throw new Error("the codec reads and writes");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-hdf5-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function saved(name: string, made: Phantom, options: Partial<WriteOptions> = {}): Promise<string> {
  const sink = memorySink();
  await writer?.write({ series: made.series, options: WRITE_OPTIONS.parse(options) }, made.slabs(), sink, codecContext());
  const path = join(folder, name);
  writeFileSync(path, sink.bytes());
  return path;
}

function python(script: string, ...args: string[]): unknown {
  const { stdout, stderr, status } = spawnSync(PYTHON, ["-c", `import sys, json, h5py, numpy as np\n${script}`, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim() === "" ? undefined : (JSON.parse(stdout) as unknown);
}

async function opened(path: string): Promise<ImageSeries> {
  const [series] = (await reader?.open(sourceOf(readFileSync(path)), {}, codecContext())) ?? [];
  if (series === undefined) throw new Error("no series");
  return series;
}

/** Opens and reads everything, and tells the code of the error. */
async function codeOf(path: string): Promise<string> {
  try {
    const series = await opened(path);
    const sliceLength = 20;
    await series.read(slabOver({ phase: 0, start: 0, count: 3, sliceLength }, new Float32Array(60), series.volume.masked ? new Uint8Array(60) : undefined));
    return "no error";
  } catch (error) {
    return isHilumError(error) ? error.code : String(error);
  }
}

describe.skipIf(noH5py)(`h5py (skipped where ${PYTHON} has no h5py)`, () => {
  test.each(["none", "gzip"] as const)("reads volume, mask and tables as they were written (%s)", async (compression) => {
    const path = await saved(`h5py-${compression}.h5`, phantom({ masked: true }), { compression });
    const seen = python(
      `
f = h5py.File(sys.argv[1], "r")
v = f["volume"]
print(json.dumps({
  "shape": v.shape, "dtype": str(v.dtype), "sum": float(v[:].sum()), "voxel": float(v[1, 2, 3, 4]),
  "same": v == f["entry/data/volume"] and v == f["ITKImage/0/VoxelData"],
  "links": h5py.h5o.get_info(v.id).rc,
  "mask": f["entry/mask"][:].ravel().tolist(), "mask_dtype": str(f["entry/mask"].dtype),
  "root": {k: f.attrs[k] for k in ("NX_class", "default", "hilum_schema", "created")},
  "signal": f["entry/data"].attrs["signal"], "axes": list(f["entry/data"].attrs["axes"]),
  "labels": [d.label for d in v.dims],
  "title": f["entry/title"][()].decode(), "phase": f["entry/data/phase"][:].tolist(), "y": f["entry/data/y"][:].tolist(),
  "number": f["entry/frames/instance_number"][:].tolist(), "center": [None if np.isnan(x) else x for x in f["entry/frames/window_center"][:]],
  "stored_max": f["entry/frames/stored_max"][:].tolist(), "columns": sorted(f["entry/frames"]),
  "shared": json.loads(f["entry/dicom/shared/data"][()]), "note": f["entry/dicom/shared"].attrs["NX_class"],
}))`,
      path,
    );
    expect(seen).toMatchObject({
      shape: [2, 3, 4, 5],
      dtype: "float32",
      // 0.5 + 1.5 + … + 119.5
      sum: 7200,
      voxel: 119.5,
      same: true,
      links: 3,
      mask: Array.from({ length: 120 }, (_, n) => maskOf(Math.floor(n / 60), Math.floor(n / 20) % 3, n % 20)),
      mask_dtype: "uint8",
      root: { NX_class: "NXroot", default: "entry", hilum_schema: "1", created: "2026-11-22T12:00:00.000Z" },
      signal: "volume",
      axes: ["phase", "z", "y", "x"],
      labels: ["phase", "z", "y", "x"],
      title: "Überblick µ 3°",
      phase: [0, 90],
      y: [0, 1.25, 2.5, 3.75],
      number: [100, 99, 98, 97, 96, 95],
      center: [0.5, null, 2.5, 3.5, 4.5, 5.5],
      // (2 · n + 10) / 2
      stored_max: [5, 6, 7, 8, 9, 10],
      shared: { "00080060": { vr: "CS", Value: ["MR"] } },
      note: "NXnote",
    });
    expect((seen as { columns: string[] }).columns).not.toContain("echo_time");
  });

  test("reads masks of which a chunk holds two, where a phase ends in the middle of one", async () => {
    const path = await saved("h5py-mask.h5", phantom({ size: [600, 600, 3], phases: 2, masked: (phase, k, index) => (index < 100 * (phase * 3 + k) + 7 ? 1 : 0) }));
    const seen = python(
      `
m = h5py.File(sys.argv[1], "r")["entry/mask"]
print(json.dumps({"chunks": m.chunks, "ones": m[:].reshape(6, -1).sum(axis=1).tolist(), "last": [int(np.flatnonzero(x).max()) for x in m[:].reshape(6, -1)]}))`,
      path,
    );
    expect(seen).toEqual({ chunks: [1, 2, 600, 600], ones: [7, 107, 207, 307, 407, 507], last: [6, 106, 206, 306, 406, 506] });
  });

  test("maps voxels to patient millimetres by the affines alone", async () => {
    const path = await saved("affine.h5", phantom());
    const seen = python(
      `
f = h5py.File(sys.argv[1], "r"); g = f["entry/geometry"]
corners = np.array([[x, y, z, 1] for x in (0, 4) for y in (0, 3) for z in (0, 2)])
print(json.dumps({
  "lps": (corners @ g["affine_lps"][:].T)[:, :3].tolist(), "ras": (corners @ g["affine_ras"][:].T)[:, :3].tolist(),
  "built": (corners[:, :3] * g["spacing"][:] @ g["direction"][:].T + g["origin"][:]).tolist(),
  "positions": g["slice_positions"][:].tolist(), "ipp": f["entry/frames/image_position"][2].tolist(),
}))`,
      path,
    ) as { lps: number[][]; ras: number[][]; built: number[][]; positions: number[]; ipp: number[] };
    const expected = [0, 4].flatMap((x) =>
      [0, 3].flatMap((y) =>
        [0, 2].map((z) =>
          [0, 1, 2].map(
            (axis) =>
              (ORIGIN[axis] ?? 0) +
              (DIRECTION[0][axis] ?? 0) * SPACING[0] * x +
              (DIRECTION[1][axis] ?? 0) * SPACING[1] * y +
              (DIRECTION[2][axis] ?? 0) * SPACING[2] * z,
          ),
        ),
      ),
    );
    for (const [corner, point] of expected.entries()) {
      for (const axis of [0, 1, 2]) {
        expect(seen.lps[corner]?.[axis]).toBeCloseTo(point[axis] ?? 0, 10);
        expect(seen.built[corner]?.[axis]).toBeCloseTo(point[axis] ?? 0, 10);
        expect(seen.ras[corner]?.[axis]).toBeCloseTo((point[axis] ?? 0) * (axis < 2 ? -1 : 1), 10);
      }
    }
    // The normal is (0, −1, 0), so the first slice lies at −30.25 mm along it.
    for (const [k, position] of [-30.25, -27.75, -25.25].entries()) expect(seen.positions[k]).toBeCloseTo(position, 10);
    expect(seen.ipp).toEqual([-12.5, 25.25, 7]);
  });

  test("tells the scope of a normalisation and how to undo it", async () => {
    const scoped = (scale: (index: number) => number, scope: string): Phantom =>
      phantom({
        change: { history: [{ processor: "normalise", program: "@hilum/plugin-prepost 0.1.0", config: { scope } }] },
        frame: (_frame, index) => ({ toReal: { scale: scale(index), offset: 5 } }),
      });
    const script = `
f = h5py.File(sys.argv[1], "r"); v = f["volume"]; n = json.loads(v.attrs["normalization"])
s, o = f["entry/frames/norm_scale"][:], f["entry/frames/norm_offset"][:]
p = f["entry/process/1"]
print(json.dumps({"scope": n["scope"], "scale": n["norm_scale"], "attribute": v.attrs.get("norm_scale"), "units": v.attrs["units"],
  "real": float(v[1, 2, 0, 0] * s[5] + o[5]), "process": [p.attrs["NX_class"], p["program"][()].decode(), p["version"][()].decode(), json.loads(p["configuration"][()])]}))`;
    const process = (scope: string): unknown => ["NXprocess", "@hilum/plugin-prepost", "0.1.0", { scope }];
    const column = "/entry/frames/norm_scale";
    const slice = await saved("slice.h5", scoped((index) => index + 1, "slice"));
    expect(python(script, slice)).toEqual({ scope: "slice", scale: column, attribute: null, units: "1", real: 100.5 * 6 + 5, process: process("slice") });
    const phase = await saved("phase.h5", scoped((index) => (index < 3 ? 2 : 4), "phase"));
    expect(python(script, phase)).toEqual({ scope: "phase", scale: column, attribute: null, units: "1", real: 100.5 * 4 + 5, process: process("phase") });
    const series = await saved("series.h5", scoped(() => 8, "series"));
    expect(python(script, series)).toEqual({ scope: "series", scale: 8, attribute: 8, units: "1", real: 100.5 * 8 + 5, process: process("series") });
  });

  test("can add to a file, which is then still read here", async () => {
    const path = await saved("appended.h5", phantom(), { compression: "gzip" });
    python('f = h5py.File(sys.argv[1], "r+"); f["entry/note"] = "hello"; f.create_group("entry/results")["x"] = np.arange(5000.); f.attrs["more"] = "µ"; f.close()', path);
    const series = await opened(path);
    const voxels = new Float32Array(60);
    await series.read(slabOver({ phase: 1, start: 0, count: 3, sliceLength: 20 }, voxels));
    expect(voxels[59]).toBe(119.5);
    await series[Symbol.asyncDispose]();
  });

  test("can repack the volume with chunks across slices, shuffle and checksums, which is then still read here", async () => {
    const path = await saved("repacked.h5", phantom({ masked: true }));
    python(
      `
f = h5py.File(sys.argv[1], "r+"); old = f["volume"][:]; attributes = dict(f["volume"].attrs); del f["entry/data/volume"]
new = f["entry/data"].create_dataset("volume", data=old, chunks=(1, 2, 3, 2), compression="gzip", shuffle=True, fletcher32=True)
for key, value in attributes.items(): new.attrs[key] = value`,
      path,
    );
    const series = await opened(path);
    const voxels = new Float32Array(40);
    await series.read(slabOver({ phase: 1, start: 1, count: 2, sliceLength: 20 }, voxels));
    expect([...voxels]).toEqual(Array.from({ length: 40 }, (_, n) => 80.5 + n));
    await series[Symbol.asyncDispose]();
  });

  const secret = 'open(sys.argv[2], "wb").write(b"SECRET" * 1000)\nf = h5py.File(sys.argv[1], "r+")\n';
  const shape = 'attributes = dict(f["volume"].attrs)\ndel f["entry/data/volume"], f["volume"], f["ITKImage"]\n';
  const attributes = '\nfor key, value in attributes.items(): f["entry/data/volume"].attrs[key] = value';
  test.each([
    ["external storage", `${secret}${shape}f.create_dataset("entry/data/volume", (2, 3, 4, 5), "f4", external=[(sys.argv[2], 0, 480)])${attributes}`],
    ["an external link", `${secret}f["entry/other"] = h5py.ExternalLink(sys.argv[2], "/")`],
    ["an external link in place of the volume", `${secret}del f["entry/data/volume"]\nf["entry/data/volume"] = h5py.ExternalLink(sys.argv[2], "/x")`],
    [
      "a virtual dataset",
      `${secret}${shape}l = h5py.VirtualLayout((2, 3, 4, 5), "f4"); l[:] = h5py.VirtualSource(sys.argv[2], "x", (2, 3, 4, 5)); f.create_virtual_dataset("entry/data/volume", l)${attributes}`,
    ],
    ["a volume that is not float32", `${secret}${shape}f.create_dataset("entry/data/volume", data=np.zeros((2, 3, 4, 5), "f8"))${attributes}`],
    ["more voxels than the file can hold", `${secret}${shape}f.create_dataset("entry/data/volume", (65535, 65535, 65535, 100), "f4", chunks=(1, 1, 64, 64))${attributes}`],
    ["a chunk of 2 GB", `${secret}f.create_dataset("entry/x", (1,), "u1", chunks=(2**31,), maxshape=(None,))`],
    [
      "a damaged column in the frame table",
      `${secret}del f["entry/frames/norm_scale"]
d = f["entry/frames"].create_dataset("norm_scale", data=np.ones(6), chunks=(6,), compression="gzip"); f.flush(); at = d.id.get_chunk_info(0).byte_offset
f.close(); b = open(sys.argv[1], "r+b"); b.seek(at); b.write(b"\\xa5" * 8); b.close(); f = h5py.File(sys.argv[1], "r")`,
    ],
    ["a frame table of another length", `${secret}del f["entry/frames/norm_scale"]\nf["entry/frames/norm_scale"] = np.ones(5)`],
    ["NaN in the frame table", `${secret}f["entry/frames/norm_scale"][2] = np.nan`],
    ["a frame table in another order", `${secret}f["entry/frames/slice_index"][:] = f["entry/frames/slice_index"][:][::-1]`],
    ["no geometry", `${secret}del f["entry/geometry"]`],
    ["a mask of another size", `${secret}f["entry/mask"] = np.zeros((2, 3, 4, 4), "u1")`],
    ["a group that holds itself, and no volume", `${secret}del f["entry/data/volume"]\nf["entry/data/volume"] = f["/"]`],
    ["broken JSON", `${secret}f["entry/process/1/configuration"] = "{"; f["entry/process/1/processor"] = "x"; f["entry/process/1/program"] = "x"; f["entry/process/1/version"] = "1"`],
  ])("makes a file with %s, which is refused", async (_what, script) => {
    const path = await saved("crafted.h5", phantom());
    python(`${script}\nf.close()`, path, join(folder, "secret"));
    expect(await codeOf(path)).toBe("MALFORMED_FILE");
  });

  test("makes a file with a filter that is not known here, which is refused with what helps", async () => {
    const path = await saved("lzf.h5", phantom());
    python('f = h5py.File(sys.argv[1], "r+"); f.create_dataset("entry/x", data=np.zeros(100), compression="lzf"); f.close()', path);
    expect(await codeOf(path)).toBe("UNSUPPORTED_VOXEL_FORMAT");
  });
});

describe.skipIf(noH5dump)("h5dump (skipped where it is not installed)", () => {
  test.each([
    ["plain", phantom(), {}],
    ["masked and compressed", phantom({ masked: true }), { compression: "gzip" }],
    ["colour, all metadata", phantom({ samples: 3 }), { metadata: "full" }],
    ["odd size, no metadata", phantom({ size: [1, 1, 1], phases: 1 }), { metadata: "none" }],
  ] as const)("reads the whole file without a complaint (%s)", async (name, made, options) => {
    const path = await saved(`${name}.h5`, made, options);
    const { status, stderr, stdout } = spawnSync("h5dump", [path], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain('ATTRIBUTE "hilum_schema"');
  });
});

describe("ITK", () => {
  test("reads the volume with its place in the patient, in four dimensions", async () => {
    const path = await saved("itk.h5", phantom());
    const image = await readImageNode(path);
    expect(image.imageType).toMatchObject({ dimension: 4, componentType: "float32", components: 1 });
    expect([...image.size]).toEqual([5, 4, 3, 2]);
    expect([...image.spacing]).toEqual([...SPACING, 1]);
    expect([...image.origin]).toEqual([...ORIGIN, 0]);
    const [u, v, w] = DIRECTION;
    // itk-wasm gives the matrix row by row; its columns are the axes.
    expect([...(image.direction as Float64Array)]).toEqual([u[0], v[0], w[0], 0, u[1], v[1], w[1], 0, u[2], v[2], w[2], 0, 0, 0, 0, 1]);
    expect([...(image.data as Float32Array)]).toEqual(Array.from({ length: 120 }, (_, n) => n + 0.5));
  });

  test("reads a compressed volume of one phase", async () => {
    const path = await saved("itk-gzip.h5", phantom({ phases: 1 }), { compression: "gzip" });
    const image = await readImageNode(path);
    expect([...image.size]).toEqual([5, 4, 3, 1]);
    expect([...(image.data as Float32Array)]).toEqual(Array.from({ length: 60 }, (_, n) => n + 0.5));
  });
});
