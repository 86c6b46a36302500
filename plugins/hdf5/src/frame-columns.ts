import type { FrameValues } from "@hilum/core";

/** A column of /entry/frames that holds a number of {@link FrameValues}; NaN where a frame has none. */
export interface ValueColumn {
  readonly name: string;
  readonly key: keyof FrameValues;
  readonly units?: string;
}

/** The number columns of the frame table that may be absent. */
export const VALUE_COLUMNS: readonly ValueColumn[] = [
  { name: "instance_number", key: "instanceNumber" },
  { name: "slice_location", key: "sliceLocation", units: "mm" },
  { name: "window_center", key: "windowCenter" },
  { name: "window_width", key: "windowWidth" },
  { name: "acquisition_time", key: "acquisitionTimeSeconds", units: "s" },
  { name: "echo_time", key: "echoTimeMs", units: "ms" },
  { name: "b_value", key: "bValue", units: "s/mm2" },
  { name: "trigger_time", key: "triggerTimeMs", units: "ms" },
];
