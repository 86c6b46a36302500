import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isHilumError, slabOver, type ProcessingStep, type Slab } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { opened, reader, voxelsOf, writer, written } from "./codec-round-trip.test-support.ts";
import { WRITE_OPTIONS, type WriteOptions } from "./options.ts";
import { openHdf5 } from "./read/h5wasm-file.ts";
import { VERSION } from "./version.ts";
import { createHdf5Builder } from "./write/hdf5-builder.ts";
import { codecContext, DIRECTION, maskOf, memorySink, ORIGIN, phantom, sha256, sourceOf, SPACING, uidOf, type Phantom } from "./phantom-series.test-support.ts";

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no error",
    (error: unknown) => (isHilumError(error) ? error.code : String(error)),
  );
}

const NORMALISE: ProcessingStep = {
  processor: "normalise",
  program: "@hilum/plugin-prepost 0.1.0",
  config: { scope: "phase" },
  derivation: { description: "Normalised" },
};

describe("writing", () => {
  test("puts the first voxel at byte 4096, x fastest, then y, z, phase", async () => {
    const bytes = await written(phantom());
    // 2 phases · 3 slices · 4 rows · 5 columns; voxel n of the phantom is n + 0.5.
    for (const n of [0, 1, 5, 20, 60, 119]) expect(bytes.readFloatLE(4096 + 4 * n)).toBe(n + 0.5);
  });

  test("writes the superblock last and every byte of the file once", async () => {
    const made = phantom({ masked: true, size: [3, 3, 3], phases: 1 });
    const sink = memorySink();
    await writer.write({ series: made.series, options: WRITE_OPTIONS.parse({}) }, made.slabs(), sink, codecContext());
    expect(sink.writes.at(-1)).toEqual({ position: 0, length: 4096 });
    const sorted = sink.writes.toSorted((a, b) => a.position - b.position);
    let end = 0;
    for (const { position, length } of sorted) {
      expect(position).toBe(end);
      end += length;
    }
    expect(end).toBe(sink.bytes().length);
  });

  test("leaves no signature when it is interrupted", async () => {
    const made = phantom();
    const abort = new AbortController();
    const sink = memorySink();
    async function* interrupted(): AsyncIterable<Slab> {
      for await (const slab of made.slabs(1)) {
        if (slab.start === 2) abort.abort(new Error("stop"));
        yield slab;
      }
    }
    const writing = writer.write({ series: made.series, options: WRITE_OPTIONS.parse({}) }, interrupted(), sink, codecContext(abort.signal));
    await expect(writing).rejects.toThrow("stop");
    expect(sink.bytes().length).toBeGreaterThan(4096);
    expect(sink.bytes().subarray(0, 4096).every((byte) => byte === 0)).toBe(true);
  });

  test("refuses a series whose slices do not all come", async () => {
    const made = phantom();
    async function* short(): AsyncIterable<Slab> {
      for await (const slab of made.slabs(3)) if (slab.phase === 0) yield slab;
    }
    const writing = writer.write({ series: made.series, options: WRITE_OPTIONS.parse({}) }, short(), memorySink(), codecContext());
    expect(await codeOf(writing)).toBe("VERIFICATION_FAILED");
  });

  test("refuses slices out of order", async () => {
    const made = phantom({ phases: 1 });
    async function* backwards(): AsyncIterable<Slab> {
      for (const start of [2, 1, 0]) {
        await delay(0);
        yield slabOver({ phase: 0, start, count: 1, sliceLength: 20 }, new Float32Array(20));
      }
    }
    const writing = writer.write({ series: made.series, options: WRITE_OPTIONS.parse({}) }, backwards(), memorySink(), codecContext());
    expect(await codeOf(writing)).toBe("VERIFICATION_FAILED");
  });

  test("does not believe a sink that loses bytes of the metadata", async () => {
    const made = phantom();
    const sink = memorySink();
    const file = await sink.file();
    const losing = {
      file: async () => ({
        ...file,
        write: (bytes: Uint8Array, position: number) => file.write(position > 4096 + 400 ? bytes.subarray(0, -1) : bytes, position),
      }),
    };
    const writing = writer.write({ series: made.series, options: WRITE_OPTIONS.parse({}) }, made.slabs(6), losing, codecContext());
    expect(await codeOf(writing)).toBe("VERIFICATION_FAILED");
  });

  test("addresses what lies beyond 4 GB", async () => {
    // 2600 slices of 512 × 512 float32 are 2 726 297 600 bytes a phase; two phases, no voxel is really written.
    const made = phantom({ phases: 2, size: [512, 512, 2600] });
    const voxelBytes = 2 * 2600 * 512 * 512 * 4;
    const tail = new Map<number, Buffer>();
    let furthest = 0;
    const sink = {
      file: async () => ({
        write: async (bytes: Uint8Array, position: number) => {
          if (position === 0 || position >= 4096 + voxelBytes) tail.set(position, Buffer.from(bytes));
          else furthest = position + bytes.length;
        },
        read: (into: Uint8Array, position: number) => {
          for (const [start, bytes] of tail) if (position >= start && position < start + bytes.length) return bytes.copy(into, 0, position - start);
          return 0;
        },
        close: async () => {},
      }),
    };
    const voxels = new Float32Array(26 * 512 * 512);
    async function* fake(): AsyncIterable<Slab> {
      for (let first = 0; first < 5200; first += 26) {
        await Promise.resolve();
        yield slabOver({ phase: first < 2600 ? 0 : 1, start: first % 2600, count: 26, sliceLength: 512 * 512 }, voxels);
      }
    }
    await writer.write({ series: made.series, options: WRITE_OPTIONS.parse({ metadata: "none" }) }, fake(), sink, codecContext());
    expect(furthest).toBe(4096 + voxelBytes);

    const size = [...tail].reduce((end, [position, bytes]) => Math.max(end, position + bytes.length), 0);
    const last = [1, 2599, 511, 511];
    const asked: number[] = [];
    const file = await openHdf5({
      name: "x",
      size,
      close: () => {},
      read: (into, position) => {
        into.fill(0);
        for (const [start, bytes] of tail) {
          const from = position - start;
          if (from >= 0 && from < bytes.length) return bytes.copy(into, 0, from);
        }
        asked.push(position);
        return into.length;
      },
    });
    file.block("/volume", last, [1, 1, 1, 1], () => {});
    file.close();
    expect(asked).toEqual([4096 + voxelBytes - 4]);
  });
});

describe("writing and reading", () => {
  test.each([{ compression: "none" }, { compression: "gzip" }] as const)("gives every voxel back ($compression)", async ({ compression }) => {
    const made = phantom({ masked: true });
    const series = await opened(await written(made, { compression }));
    expect(series.volume.geometry.size).toEqual([5, 4, 3]);
    expect(series.volume.masked).toBe(true);
    for (const phase of [0, 1]) {
      const { voxels, mask } = await voxelsOf(series, phase);
      expect([...voxels]).toEqual(Array.from({ length: 60 }, (_, n) => phase * 60 + n + 0.5));
      expect([...mask]).toEqual(Array.from({ length: 60 }, (_, n) => maskOf(phase, Math.floor(n / 20), n % 20)));
    }
    await series[Symbol.asyncDispose]();
  });

  test("keeps colour as a fifth dimension", async () => {
    const series = await opened(await written(phantom({ samples: 3 })));
    expect(series.volume.voxel.samplesPerVoxel).toBe(3);
    expect((await voxelsOf(series, 1)).voxels[179]).toBe(2 * 180 - 1 + 0.5);
    await series[Symbol.asyncDispose]();
  });

  test("keeps that voxels are indices into a palette, whatever metadata goes along", async () => {
    const made = phantom();
    const indexed = { ...made, series: { ...made.series, volume: { ...made.series.volume, voxel: { ...made.series.volume.voxel, indexed: true } } } };
    expect((await opened(await written(indexed, { metadata: "none" }))).volume.voxel.indexed).toBe(true);
    expect((await opened(await written(made))).volume.voxel.indexed).toBeUndefined();
  });

  test("keeps geometry, phases, frame values and ranges, and says what is absent", async () => {
    const made = phantom();
    const series = await opened(await written(made, { metadata: "full" }));
    expect(series.volume.geometry).toEqual(made.series.volume.geometry);
    expect(series.volume.voxel).toEqual({ componentType: "int16", samplesPerVoxel: 1, units: "HU" });
    expect(series.phaseKey).toBe("Acquisition Time");
    expect(series.phases).toEqual([
      { label: "+0 s", value: 0 },
      { label: "+90 s", value: 90 },
    ]);
    expect(series.frames[4]?.values).toEqual({ instanceNumber: 96, windowCenter: 4.5 });
    expect(series.frames[1]?.values).toEqual({ instanceNumber: 99 });
    // Real range −10 … 8, slope 2, intercept −10: stored 0 … 9.
    expect(series.frames[4]?.realRange).toEqual([-10, 8]);
    expect(series.frames.map((frame) => frame.imagePosition)).toEqual(made.series.frames.map((frame) => frame.imagePosition));
    expect(series.metadata).toEqual(made.series.metadata);
    await series[Symbol.asyncDispose]();
  });

  test("keeps phases without values", async () => {
    const made = phantom({ change: { phases: [{ label: "première" }, { label: "zweite" }] } });
    const series = await opened(await written(made));
    expect(series.phases).toEqual([{ label: "première" }, { label: "zweite" }]);
    await series[Symbol.asyncDispose]();
  });

  test("turns normalised voxels into real values, frame by frame", async () => {
    const made = phantom({
      change: { history: [NORMALISE] },
      frame: (_frame, index) => ({ toReal: index < 3 ? { scale: 100, offset: -1000 } : { scale: 50, offset: 7 } }),
    });
    const series = await opened(await written(made));
    const first = (await voxelsOf(series, 0)).voxels;
    const second = (await voxelsOf(series, 1)).voxels;
    expect([first[0], first[59]]).toEqual([0.5 * 100 - 1000, 59.5 * 100 - 1000]);
    expect([second[0], second[59]]).toEqual([60.5 * 50 + 7, 119.5 * 50 + 7]);
    expect(series.frames[5]?.toReal).toEqual({ scale: 1, offset: 0 });
    await series[Symbol.asyncDispose]();
  });

  test("says in the history that reading undid the normalisation", async () => {
    const blur: ProcessingStep = { processor: "gaussian-blur", program: "@hilum/plugin-gaussian-blur 1.2.3", config: { sigma: 1 } };
    const made = phantom({
      change: { history: [NORMALISE, blur] },
      frame: () => ({ toReal: { scale: 100, offset: 0 } }),
    });
    const series = await opened(await written(made));
    expect(series.history).toEqual([
      NORMALISE,
      blur,
      { processor: "normalise", program: `@hilum/plugin-hdf5 ${VERSION}`, config: { scope: "phase" }, inverse: true },
    ]);
    await series[Symbol.asyncDispose]();
  });

  test("holds DICOM JSON of more than 64 KB a frame, with text beyond ASCII", async () => {
    const long = "µ漢".repeat(40_000);
    const made = phantom({
      change: { attributes: () => ({ shared: {}, perFrame: Array.from({ length: 6 }, (_, n) => ({ "00204000": { vr: "LT", Value: [long + n] } })) }) },
    });
    const series = await opened(await written(made, { metadata: "full" }));
    const { perFrame } = series.attributes("all");
    expect(perFrame[5]?.["00204000"]?.Value).toEqual([`${long}5`]);
    expect(perFrame).toHaveLength(6);
    await series[Symbol.asyncDispose]();
  });

  test("gives the attributes that are asked for", async () => {
    const series = await opened(await written(phantom(), { metadata: "full" }));
    expect(series.attributes(new Set(["00180087", "00200013"]))).toEqual({
      shared: { "00180087": { vr: "DS", Value: ["1.5000"] } },
      perFrame: [100, 99, 98, 97, 96, 95].map((n) => ({ "00200013": { vr: "IS", Value: [`${n}`] } })),
    });
    await series[Symbol.asyncDispose]();
  });
});

describe("metadata", () => {
  test("safe lets no person, identifier, free text or UID in, whatever the source gives", async () => {
    const bytes = await written(phantom());
    for (const text of ["ZZCANARY", uidOf(0), uidOf(5), "1.2.3.4", "1.2.3.5"]) expect(bytes.includes(text)).toBe(false);
    const series = await opened(bytes);
    expect(series.attributes("all").shared).toEqual({
      "00080060": { vr: "CS", Value: ["MR"] },
      "00180087": { vr: "DS", Value: ["1.5000"] },
    });
    expect(series.frames[3]?.derivedFrom).toEqual([
      { sopInstanceUIDHash: sha256(uidOf(3)), sopClassUID: "1.2.840.10008.5.1.4.1.1.4", frameNumber: 1, sourceNameHash: sha256("file 3") },
    ]);
    expect(series.metadata.seriesInstanceUIDHash).toBe(sha256("1.2.3.4"));
    expect(series.metadata.seriesInstanceUID).toBeUndefined();
    await series[Symbol.asyncDispose]();
  });

  test("safe drops an allowed tag with a VR that it never has", async () => {
    const made = phantom({
      change: { attributes: () => ({ shared: { "00080060": { vr: "PN", Value: ["ZZCANARY"] } }, perFrame: Array.from({ length: 6 }, () => ({})) }) },
    });
    expect((await written(made)).includes("ZZCANARY")).toBe(false);
  });

  test("none keeps names, descriptions and hashes out", async () => {
    const bytes = await written(phantom(), { metadata: "none" });
    for (const text of ["ZZCANARY", "berblick", "sha256:", uidOf(0)]) expect(bytes.includes(text)).toBe(false);
    const series = await opened(bytes);
    expect(series.metadata).toEqual({});
    expect(series.frames[0]?.derivedFrom).toEqual([]);
    await series[Symbol.asyncDispose]();
  });

  test("full keeps UIDs and every attribute", async () => {
    const series = await opened(await written(phantom(), { metadata: "full" }));
    expect(series.frames[2]?.derivedFrom[0]).toEqual({
      sopInstanceUID: uidOf(2),
      sopInstanceUIDHash: sha256(uidOf(2)),
      sopClassUID: "1.2.840.10008.5.1.4.1.1.4",
      frameNumber: 1,
      sourceNameHash: sha256("file 2"),
    });
    expect(series.attributes("all").shared["00100020"]?.Value).toEqual(["ZZCANARY-ID"]);
    await series[Symbol.asyncDispose]();
  });
});

describe("the sidecar", () => {
  const schema = JSON.parse(readFileSync(new URL("../sidecar.schema.json", import.meta.url), "utf8")) as Parameters<typeof z.fromJSONSchema>[0];

  async function sidecar(made: Phantom, metadata: WriteOptions["metadata"]): Promise<Record<string, unknown>> {
    const sink = memorySink({ sidecar: true });
    await writer?.write({ series: made.series, options: { metadata, compression: "none" } }, made.slabs(), sink, codecContext());
    return JSON.parse(sink.sidecarText()) as Record<string, unknown>;
  }

  test.each(["none", "safe", "full"] as const)("satisfies its published JSON Schema (%s)", async (metadata) => {
    const validator = z.fromJSONSchema(schema);
    const given = await sidecar(phantom({ frame: (_frame, index) => ({ toReal: { scale: index + 1, offset: 0 } }) }), metadata);
    expect(validator.safeParse(given).error).toBeUndefined();
    expect(validator.safeParse({ ...given, spacing: [1, 2] }).success).toBe(false);
  });

  test("tells spacing, description, modality and shape", async () => {
    expect(await sidecar(phantom(), "safe")).toMatchObject({
      spacing: SPACING,
      series_description: "Überblick µ 3°",
      modality: "MR",
      shape: [2, 3, 4, 5],
      geometry: { origin: ORIGIN, tilt_deg: 0, uniform: true },
    });
  });

  test("tells the tilt of a sheared stack and that its gaps are uneven", async () => {
    // The normal is (0, −1, 0); a step of (cos 30°, −1, sin 30°) has as much along a row as along the normal: 45°.
    const made = phantom();
    const sheared = [DIRECTION[0], DIRECTION[1], [DIRECTION[0][0], -1, DIRECTION[0][2]]] as const;
    const volume = { ...made.series.volume, geometry: { ...made.series.volume.geometry, direction: sheared } };
    const given = await sidecar(
      phantom({ change: { volume }, frame: ({ slice }) => ({ imagePosition: [0, slice === 2 ? -5.2 : -2.5 * slice, 0] }) }),
      "safe",
    );
    const { tilt_deg: tilt, slice_positions: positions, uniform } = given["geometry"] as { tilt_deg: number; slice_positions: number[]; uniform: boolean };
    expect(tilt).toBeCloseTo(45, 10);
    for (const [k, position] of [0, 2.5, 5.2].entries()) expect(positions[k]).toBeCloseTo(position, 10);
    expect(uniform).toBe(false);
  });

  test("names neither series nor UIDs under none", async () => {
    const given = await sidecar(phantom(), "none");
    expect(given).toMatchObject({ series_description: null, modality: null });
    expect(JSON.stringify(given)).not.toMatch(/sha256|1\.2\.826/);
  });
});

describe("detecting and refusing", () => {
  test("knows HDF5 by its signature, also behind a user block", async () => {
    const bytes = await written(phantom());
    expect(await reader.detect(sourceOf(bytes))).toBe(true);
    expect(await reader.detect(sourceOf(Buffer.concat([Buffer.alloc(1024), bytes])))).toBe(true);
    expect(await reader.detect(sourceOf(Buffer.concat([Buffer.alloc(100), bytes])))).toBe(false);
    expect(await reader.detect(sourceOf(Buffer.from("HDF")))).toBe(false);
    expect(await reader.detect({ ...sourceOf(bytes), kind: "directory" })).toBe(false);
  });

  test("refuses another layout by what it lacks, and a newer version by name", async () => {
    const withRoot = (attributes: Record<string, string>): Buffer => {
      const parts = createHdf5Builder(96).finish({}, attributes);
      return Buffer.concat([parts.superblock, parts.metadata]);
    };
    const foreign = opened(withRoot({ creator: "somebody" }));
    expect(await codeOf(foreign)).toBe("UNRECOGNIZED_FORMAT");
    await expect(foreign).rejects.toThrow(/hilum_schema/);
    const newer = opened(withRoot({ hilum_schema: "2.1" }));
    expect(await codeOf(newer)).toBe("UNRECOGNIZED_FORMAT");
    await expect(newer).rejects.toThrow(/known is 1/);
    expect(await codeOf(opened(withRoot({ hilum_schema: "1" })))).toBe("MALFORMED_FILE");
  });

  test("refuses a file cut anywhere", async () => {
    const bytes = await written(phantom());
    for (let length = 8; length < bytes.length; length += Math.ceil(bytes.length / 60)) {
      expect(await codeOf(opened(bytes.subarray(0, length))), `cut to ${length}`).toBe("MALFORMED_FILE");
    }
  });

  test("never gives voxels of the file before in place of what a damaged one lacks", async () => {
    const whole = await opened(await written(phantom({ masked: true }), { compression: "gzip" }));
    await voxelsOf(whole, 1);
    const bytes = await written(phantom({ frame: (_frame, index) => ({ values: { instanceNumber: index } }) }), { compression: "gzip" });
    bytes.fill(0xa5, 4096, 4120);
    const damaged = await opened(bytes);
    expect(await codeOf(voxelsOf(damaged, 0))).toBe("MALFORMED_FILE");
    await damaged[Symbol.asyncDispose]();
    await whole[Symbol.asyncDispose]();
  });
});
