import { hash } from "node:crypto";
import { HilumError } from "@hilum/core";
import { z } from "zod";
import type { AssembledStack } from "./assemble.ts";
import { groupIntoStacks } from "./grouping.ts";
import type { ImageHeader } from "./image-header.ts";
import { inARow, samePositionMm, widthOf } from "./slice-positions.ts";
import { slicePositionsOf, stackGeometry } from "./stack-geometry.ts";

/** `region`: column and row where an image of a mosaic begins. */
const plannedImage = z.looseObject({
  instance: z.string().regex(/^[0-9a-f]{64}$/),
  frame: z.int().min(1),
  region: z.tuple([z.int().min(0), z.int().min(0)]).optional(),
});

/** What is read of a plan; the rest of it is for people. */
const savedPlan = z.looseObject({
  schema: z.looseObject({ name: z.literal("hilum-assembly"), version: z.literal("1") }),
  options: z.object({
    padding: z.enum(["auto", "mask", "data"]),
    onMissing: z.enum(["refuse", "pad"]),
    onDuplicate: z.enum(["refuse", "first", "last"]),
    onTilt: z.enum(["shear", "refuse"]),
    phaseKey: z.string().optional(),
  }),
  phaseKey: z.string(),
  rejectedPhaseKeys: z.array(z.looseObject({ key: z.string(), reason: z.string() })),
  phases: z.array(z.looseObject({ label: z.string(), value: z.number().optional(), images: z.array(plannedImage.nullable()).min(1) })).min(1),
});

/** A saved assembly plan: which image is which slice of which phase. */
export type SavedPlan = z.output<typeof savedPlan>;

const NEW_PLAN = "Make a new plan of this source with `hilum inspect --save-plan FILE`.";

function doesNotFit(what: string, details: { readonly [fact: string]: number | string } = {}): HilumError {
  return new HilumError("INVALID_CONFIG", `The plan does not fit the source: ${what}.`, { details, remedy: NEW_PLAN });
}

/** @throws {HilumError} INVALID_CONFIG when a plan breaks its schema. */
export function readPlan(given: unknown): SavedPlan {
  const parsed = savedPlan.safeParse(given);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
  throw new HilumError("INVALID_CONFIG", `The plan is not one that this program makes${at === "" ? "" : `: ${at} is not as it should be`}.`, {
    details: { at },
    remedy: NEW_PLAN,
  });
}

/** One name for what a plan calls an image and what was found. */
function nameOf({ instance, frame, region }: z.output<typeof plannedImage>): string {
  return `${instance} ${frame} ${region?.join(" ") ?? ""}`;
}

function placeOf({ region }: ImageHeader): [number, number] | undefined {
  return region === undefined ? undefined : [region.left, region.top];
}

/**
 * Puts images in the order of a saved plan, with the options that it was made with. Images that it does not name are left out.
 * @throws {HilumError} INVALID_CONFIG when it names images that are not there, one twice, or slices that are not in order;
 * IRREGULAR_GEOMETRY, MIXED_SERIES when what it names makes no regular volume.
 */
export function assembleByPlan(images: readonly ImageHeader[], plan: SavedPlan): AssembledStack {
  const byName = new Map(images.map((image) => [nameOf({ instance: hash("sha256", image.sopInstanceUID, "hex"), frame: image.frameNumber, region: placeOf(image) }), image]));
  const [{ images: firstPhase }] = plan.phases as [SavedPlan["phases"][number]];
  if (plan.phases.some((phase) => phase.images.length !== firstPhase.length)) throw doesNotFit("its phases differ in their number of slices");
  const wanted = plan.phases.flatMap((phase) => phase.images);
  const count = firstPhase.length;
  const slots = wanted.map((image, index) => (image === null ? undefined : inItsPlace(byName.get(nameOf(image)), index % count)));
  const absent = wanted.filter((image, index) => image !== null && slots[index] === undefined).length;
  if (absent > 0) throw doesNotFit(`${absent} of the ${wanted.length} images that it names are not there`, { absent, named: wanted.length });
  const found = slots.filter((image) => image !== undefined);
  if (new Set(wanted.flatMap((image) => image === null ? [] : [nameOf(image)])).size < found.length) throw doesNotFit("it names an image twice");
  if (found.length === 0 || groupIntoStacks(found).length > 1) throw doesNotFit("the images that it names differ in size, orientation, bits or series");
  const { padding: _padding, ...options } = plan.options;
  const grid = stackGeometry(placesOf(slots, count), options);
  const ofSeries = [...byName.values()].filter(({ seriesInstanceUID }) => seriesInstanceUID === found[0]?.seriesInstanceUID).length;
  return {
    grid,
    split: {
      key: plan.phaseKey,
      rejected: plan.rejectedPhaseKeys.map(({ key, reason }) => ({ key, reason })),
      phases: plan.phases.map(({ label, value }, phase) => ({
        phase: { label, ...(value === undefined ? {} : { value }) },
        slices: slots.slice(phase * count, (phase + 1) * count),
      })),
    },
    slots,
    images: found,
    options,
    duplicates: 0,
    notInPlan: ofSeries - found.length,
  };
}

/** An image as slice k: one without a position lies where the plan has it. */
function inItsPlace(image: ImageHeader | undefined, k: number): ImageHeader | undefined {
  return image?.placedBy === "none" ? inARow(image, k) : image;
}

/** One image for each slice; undefined where no phase has one. */
function placesOf(slots: readonly (ImageHeader | undefined)[], count: number): readonly (ImageHeader | undefined)[] {
  const phases = slots.length / count;
  const places = Array.from({ length: count }, (_, k) => {
    const here = Array.from({ length: phases }, (__, phase) => slots[phase * count + k]).filter((image) => image !== undefined);
    const [first] = here;
    if (first !== undefined && widthOf(here) > 2 * samePositionMm(first)) throw doesNotFit("its phases lie at different positions", { slice: k });
    return first;
  });
  if (places[0] === undefined || places.at(-1) === undefined) throw doesNotFit("its first or last slice is a missing one");
  const positions = slicePositionsOf(places.filter((image) => image !== undefined));
  if (positions.some((position, k) => k > 0 && position <= (positions[k - 1] as number))) throw doesNotFit("its slices are not in ascending position");
  return places;
}
