/** A vector of three numbers. Points and directions are in patient coordinates (LPS, mm); sizes and spacings are in (i, j, k) order. */
export type Vec3 = readonly [number, number, number];

/** Three COLUMN vectors: `matrix[a]` is the direction along which index axis `a` runs. */
export type Mat3 = readonly [Vec3, Vec3, Vec3];

/** A 4×4 matrix, row by row, that maps (i, j, k, 1) to (x, y, z, 1). */
export type Affine = readonly (readonly [number, number, number, number])[];

/**
 * Where the voxels of one volume lie in the patient.
 *
 * Index order is (i, j, k) = (column, row, slice), i fastest. Millimetres, LPS (DICOM PS3.3 C.7.6.2.1.1).
 * `origin` is the CENTRE of voxel (0, 0, 0).
 */
export interface VolumeGeometry {
  /** Voxel counts (columns, rows, slices). */
  readonly size: Vec3;
  /** Distance of voxel centres along each index axis, mm; for k the distance of the planes along their normal. */
  readonly spacing: Vec3;
  /** Patient coordinates of the centre of voxel (0, 0, 0), mm, LPS. */
  readonly origin: Vec3;
  /** Direction of each index axis; unit vectors, but for a sheared stack, whose third is the step between slices divided by `spacing[2]`. */
  readonly direction: Mat3;
  /** Frame of Reference UID (0020,0052), where the source has one. */
  readonly frameOfReferenceUID?: string;
}

/** The scalar product of two vectors. */
export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** The vector product a × b. */
export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** a − b. */
export function subtract(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** a · factor. */
export function scaleBy(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

/** The length of a vector. */
export function norm(a: Vec3): number {
  return Math.hypot(a[0], a[1], a[2]);
}

/** The affine of a geometry in LPS: (i, j, k, 1) → patient mm. */
export function affineLps(geometry: VolumeGeometry): Affine {
  const [u, v, w] = geometry.direction;
  const [su, sv, sw] = geometry.spacing;
  const row = (axis: 0 | 1 | 2) => [u[axis] * su, v[axis] * sv, w[axis] * sw, geometry.origin[axis]] as const;
  return [row(0), row(1), row(2), [0, 0, 0, 1]];
}

/** The affine in RAS, as NIfTI wants it: the first two rows of the LPS affine negated. */
export function affineRas(geometry: VolumeGeometry): Affine {
  return affineLps(geometry).map((row, axis) =>
    axis < 2 ? ([-row[0] + 0, -row[1] + 0, -row[2] + 0, -row[3] + 0] as const) : row,
  );
}

/** Maps an index (i, j, k) to patient coordinates, mm, LPS. */
export function indexToPatient(geometry: VolumeGeometry, index: Vec3): Vec3 {
  const [x, y, z] = affineLps(geometry).map((row) => row[0] * index[0] + row[1] * index[1] + row[2] * index[2] + row[3]);
  return [x ?? 0, y ?? 0, z ?? 0];
}

/** Maps patient coordinates (mm, LPS) to a fractional index (i, j, k). The inverse of {@link indexToPatient}. */
export function patientToIndex(geometry: VolumeGeometry, point: Vec3): Vec3 {
  const a = scaleBy(geometry.direction[0], geometry.spacing[0]);
  const b = scaleBy(geometry.direction[1], geometry.spacing[1]);
  const c = scaleBy(geometry.direction[2], geometry.spacing[2]);
  const p = subtract(point, geometry.origin);
  const determinant = dot(a, cross(b, c));
  return [dot(p, cross(b, c)) / determinant, dot(p, cross(c, a)) / determinant, dot(p, cross(a, b)) / determinant];
}
