import { slabOver, sliceLengthOf, createHost, defaultPlugins, type Host, type ImageSeries } from "hilum";
import { encode } from "fast-png";

const MAGNIFY = 2;
const GAP = 4;

/** A picture of the middle slice of every phase of two series, the first above the second, in one window; a PNG's bytes. */
export async function contactSheet(above: string, below: string): Promise<Uint8Array> {
  await using host = await createHost({ plugins: defaultPlugins });
  const [before, after] = [await middleSlices(host, above), await middleSlices(host, below)];
  const [columns, rows] = before.size;
  const width = before.slices.length * (columns * MAGNIFY + GAP) + GAP;
  const height = 2 * (rows * MAGNIFY + GAP) + GAP;
  const white = Math.max(...before.slices.map((slice) => slice.reduce((most, value) => Math.max(most, value), 0)));
  const picture = new Uint8Array(width * height).fill(40);
  [before, after].forEach(({ slices }, row) =>
    slices.forEach((slice, column) => {
      const left = GAP + column * (columns * MAGNIFY + GAP);
      const top = GAP + row * (rows * MAGNIFY + GAP);
      for (let y = 0; y < rows * MAGNIFY; y++)
        for (let x = 0; x < columns * MAGNIFY; x++) {
          const value = slice[Math.floor(y / MAGNIFY) * columns + Math.floor(x / MAGNIFY)] ?? 0;
          picture[(top + y) * width + left + x] = Math.max(0, Math.min(255, Math.round((value / white) * 255)));
        }
    }),
  );
  return encode({ width, height, data: picture, channels: 1, depth: 8 });
}

async function middleSlices(host: Host, path: string): Promise<{ readonly size: readonly [number, number]; readonly slices: readonly Float32Array[] }> {
  await using opened = await host.open(path);
  const series = opened.series[0] as ImageSeries;
  const [columns, rows, count] = series.volume.geometry.size;
  const sliceLength = sliceLengthOf(series.volume);
  const slices = [];
  for (let phase = 0; phase < series.phases.length; phase++) {
    const voxels = new Float32Array(sliceLength);
    await series.read(slabOver({ phase, start: count >> 1, count: 1, sliceLength }, voxels));
    slices.push(voxels);
  }
  return { size: [columns, rows], slices };
}
