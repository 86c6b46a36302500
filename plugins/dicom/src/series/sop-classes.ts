const STORAGE = "1.2.840.10008.5.1.4.1.1.";

export const CT_IMAGE_STORAGE = `${STORAGE}2`;
const MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10";

/** Storage classes (PS3.4 B.5) without a pixel matrix: the rest of the UID after the common root, or how it begins. */
const WITHOUT_IMAGE: readonly (readonly [rest: RegExp, reason: string])[] = [
  [/^88\./, "structured report or key object selection"],
  [/^11\./, "presentation state"],
  [/^9\./, "waveform"],
  [/^481\.(?:[3-9]|1\d|2[0-25-9])(?:\.|$)/, "radiotherapy structures, plan or record"],
  [/^104\./, "encapsulated document"],
  [/^66(?:\.[12356])?$/, "raw data, registration, fiducials or surfaces"],
  [/^66\.[47]$/, "segmentation"],
  [/^4\.2$/, "spectroscopy"],
  [/^67$/, "real world value mapping"],
  [/^(?:68|78|79|80|81)\./, "measurements without an image"],
];

/** Why instances of a SOP class hold no image, in words that count well; undefined for image classes and unknown ones. */
export function reasonWithoutImage(sopClassUID: string): string | undefined {
  if (sopClassUID === MEDIA_STORAGE_DIRECTORY) return "DICOMDIR";
  if (!sopClassUID.startsWith(STORAGE)) return undefined;
  const rest = sopClassUID.slice(STORAGE.length);
  return WITHOUT_IMAGE.find(([pattern]) => pattern.test(rest))?.[1];
}

/** Whether a SOP class is one of the standard's image storage classes, so that Pixel Data must be there. */
export function isImageStorage(sopClassUID: string): boolean {
  return sopClassUID.startsWith(STORAGE) && reasonWithoutImage(sopClassUID) === undefined;
}

/** CT, MR, PET and RT Dose, and their enhanced and legacy forms: their Image Plane, or what stands for it, is mandatory (PS3.3 A.1.4). */
const WITH_PLANE = /^(?:2|2\.[12]|4|4\.[134]|128|128\.1|130|481\.2)$/;

/** Whether images of a SOP class must say where they lie in the patient. */
export function requiresPlane(sopClassUID: string): boolean {
  return sopClassUID.startsWith(STORAGE) && WITH_PLANE.test(sopClassUID.slice(STORAGE.length));
}
