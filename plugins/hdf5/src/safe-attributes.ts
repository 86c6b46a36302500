import type { DicomJson, DicomJsonElement } from "@hilum/core";

/**
 * The attributes that `--metadata safe` lets into a file: an ALLOW-LIST, printed in the docs. No person, staff,
 * institution, date, clock time, identifier, UID, sequence or free text but Series Description.
 */
export const SAFE_ATTRIBUTES: ReadonlySet<string> = new Set([
  "00080008", // Image Type
  "00080060", // Modality
  "00080070", // Manufacturer
  "0008103E", // Series Description
  "00081090", // Manufacturer's Model Name
  "00180015", // Body Part Examined
  "00180020", // Scanning Sequence
  "00180021", // Sequence Variant
  "00180022", // Scan Options
  "00180023", // MR Acquisition Type
  "00180025", // Angio Flag
  "00180050", // Slice Thickness
  "00180060", // KVP
  "00180080", // Repetition Time
  "00180081", // Echo Time
  "00180082", // Inversion Time
  "00180083", // Number of Averages
  "00180084", // Imaging Frequency
  "00180085", // Imaged Nucleus
  "00180086", // Echo Number(s)
  "00180087", // Magnetic Field Strength
  "00180088", // Spacing Between Slices
  "00180089", // Number of Phase Encoding Steps
  "00180090", // Data Collection Diameter
  "00180091", // Echo Train Length
  "00180093", // Percent Sampling
  "00180094", // Percent Phase Field of View
  "00180095", // Pixel Bandwidth
  "00181060", // Trigger Time
  "00181090", // Cardiac Number of Images
  "00181100", // Reconstruction Diameter
  "00181110", // Distance Source to Detector
  "00181111", // Distance Source to Patient
  "00181120", // Gantry/Detector Tilt
  "00181130", // Table Height
  "00181140", // Rotation Direction
  "00181150", // Exposure Time
  "00181151", // X-Ray Tube Current
  "00181152", // Exposure
  "00181160", // Filter Type
  "00181170", // Generator Power
  "00181190", // Focal Spot(s)
  "00181210", // Convolution Kernel
  "00181242", // Actual Frame Duration
  "00181310", // Acquisition Matrix
  "00181312", // In-plane Phase Encoding Direction
  "00181314", // Flip Angle
  "00181315", // Variable Flip Angle Flag
  "00181316", // SAR
  "00181318", // dB/dt
  "00185100", // Patient Position
  "00189075", // Diffusion Directionality
  "00189087", // Diffusion b-value
  "00189089", // Diffusion Gradient Orientation
  "00189305", // Revolution Time
  "00189306", // Single Collimation Width
  "00189307", // Total Collimation Width
  "00189311", // Spiral Pitch Factor
  "00189345", // CTDIvol
  "00200012", // Acquisition Number
  "00200013", // Instance Number
  "00200032", // Image Position (Patient)
  "00200037", // Image Orientation (Patient)
  "00200060", // Laterality
  "00200062", // Image Laterality
  "00200100", // Temporal Position Identifier
  "00200105", // Number of Temporal Positions
  "00200110", // Temporal Resolution
  "00201002", // Images in Acquisition
  "00201041", // Slice Location
  "00280002", // Samples per Pixel
  "00280004", // Photometric Interpretation
  "00280006", // Planar Configuration
  "00280008", // Number of Frames
  "00280010", // Rows
  "00280011", // Columns
  "00280030", // Pixel Spacing
  "00280034", // Pixel Aspect Ratio
  "00280100", // Bits Allocated
  "00280101", // Bits Stored
  "00280102", // High Bit
  "00280103", // Pixel Representation
  "00280106", // Smallest Image Pixel Value
  "00280107", // Largest Image Pixel Value
  "00280120", // Pixel Padding Value
  "00280121", // Pixel Padding Range Limit
  "00280301", // Burned In Annotation
  "00280302", // Recognizable Visual Features
  "00281050", // Window Center
  "00281051", // Window Width
  "00281052", // Rescale Intercept
  "00281053", // Rescale Slope
  "00281054", // Rescale Type
  "00281056", // VOI LUT Function
  "00282110", // Lossy Image Compression
  "00282112", // Lossy Image Compression Ratio
  "00282114", // Lossy Image Compression Method
  "00540081", // Number of Slices
  "00541000", // Series Type
  "00541001", // Units
  "00541002", // Counts Source
  "00541100", // Randoms Correction Method
  "00541102", // Decay Correction
  "00541300", // Frame Reference Time
  "00541321", // Decay Factor
  "00541322", // Dose Calibration Factor
  "00541330", // Image Index
]);

/** The value representations that the list's attributes have by the standard; any other is a fault of the file. */
const SAFE_VRS: ReadonlySet<string> = new Set(["CS", "DS", "FD", "FL", "IS", "LO", "SH", "SL", "SS", "UL", "US"]);

/** What values of the numbers and terms among them look like (PS3.5 6.2): in a damaged file anything can stand there, a name too. */
const GRAMMAR: ReadonlyMap<string, RegExp> = new Map([
  ["CS", /^[A-Z0-9 _]{0,16}$/],
  ["DS", /^ *[-+]?(?:\d+\.?\d*|\.\d+)(?:[Ee][-+]?\d+)? *$/],
  ["IS", /^ *[-+]?\d+ *$/],
]);

function isWellFormed(vr: string, values: readonly unknown[] | undefined): boolean {
  const grammar = GRAMMAR.get(vr);
  return grammar === undefined || values === undefined || values.every((value) => value === null || typeof value === "number" || (typeof value === "string" && grammar.test(value)));
}

/** What of a data set the allow-list lets through, whatever its codec gave. */
export function safeAttributes(attributes: DicomJson): DicomJson {
  const safe: Record<string, DicomJsonElement> = {};
  for (const [tag, { vr, Value }] of Object.entries(attributes)) {
    if (SAFE_ATTRIBUTES.has(tag) && SAFE_VRS.has(vr) && isWellFormed(vr, Value)) safe[tag] = Value === undefined ? { vr } : { vr, Value };
  }
  return safe;
}
