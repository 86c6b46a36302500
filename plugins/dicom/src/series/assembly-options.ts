/** How images are put in order where more than one way is open. What is not said is refused, but a tilt, which is kept. */
export interface AssemblyOptions {
  /** The name of the key that splits the phases, in place of the first that does. */
  readonly phaseKey?: string | undefined;
  /** "pad": a slice that is missing is a masked one. */
  readonly onMissing: "refuse" | "pad";
  /** "first", "last": which of several images at one position and of one phase is taken, in order of Instance Number, then UID. */
  readonly onDuplicate: "refuse" | "first" | "last";
  /** "shear": a tilted stack keeps its tilt in the third direction of its grid. */
  readonly onTilt: "shear" | "refuse";
}
