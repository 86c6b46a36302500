/** What of an oracle's row for a file tells its kind. */
export interface OracleImage {
  readonly path: string;
  readonly bytes: number;
  readonly decoded?: boolean;
  readonly transferSyntax?: string;
  readonly samples?: number;
  readonly bitsAllocated?: number;
  readonly frames?: number;
}

/** A file to damage, and the undamaged files of its series that lie beside it. Paths as in the oracle. */
export interface FuzzSeed {
  readonly path: string;
  readonly beside: readonly string[];
}

const MOST_BESIDE = 8;
const MOST_BYTES = 300_000;

/**
 * Of each kind of image the smallest: a kind is a transfer syntax with its samples, bits and whether there are more frames than
 * one, and among the series of `geometry/` each folder. Damaged and large files (300 KB) are left out.
 */
export function chooseSeeds(images: readonly OracleImage[]): readonly FuzzSeed[] {
  const smallest = new Map<string, OracleImage>();
  const folders = Map.groupBy(images, ({ path }) => folderOf(path));
  for (const image of images) {
    const { path, bytes, decoded, transferSyntax, samples, bitsAllocated, frames = 1 } = image;
    if (decoded !== true || bytes > MOST_BYTES || path.startsWith("malformed/")) continue;
    const form = [transferSyntax, samples, bitsAllocated, frames > 1].join(" ");
    for (const kind of path.startsWith("geometry/") ? [form, folderOf(path)] : [form]) {
      const known = smallest.get(kind);
      if (known === undefined || known.bytes > bytes) smallest.set(kind, image);
    }
  }
  return [...new Set([...smallest.values()].map(({ path }) => path))].toSorted().map((path) => {
    const others = (folders.get(folderOf(path)) ?? []).filter((image) => image.path !== path);
    const isSmallSeries = path.startsWith("geometry/") && others.length <= MOST_BESIDE;
    return { path, beside: isSmallSeries ? others.map((image) => image.path) : [] };
  });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
