/** What the volume's attribute `sample_meaning` says where voxels are indices into a palette; amounts have no such attribute. */
export const PALETTE_INDEX = "palette index";
