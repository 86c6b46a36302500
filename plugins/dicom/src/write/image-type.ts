/**
 * The values of Image Type, or of the Frame Type of an enhanced image, that a derived one has (PS3.3 C.7.6.1.1.2, C.8.16.1):
 * value 1 says that its pixels are derived, the others stay. PET is always PRIMARY (C.8.9.4.1.3), MR and CT need value 3, and
 * what was a tile of a mosaic is none any more.
 * @param text as the template has it.
 */
export function derivedImageType(text: string | undefined, modality: string | undefined): string {
  const [, second = "PRIMARY", ...rest] = (text ?? "").split("\\");
  const values = ["DERIVED", modality === "PT" ? "PRIMARY" : second, ...rest.filter((value) => value.trim() !== "MOSAIC")];
  if (values.length === 2 && modality === "MR") values.push("OTHER");
  if (values.length === 2 && modality === "CT") values.push("AXIAL");
  return values.join("\\");
}
