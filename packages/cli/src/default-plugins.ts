import type { HilumPlugin } from "@hilum/core";
import dicom from "@hilum/plugin-dicom";
import gaussianBlur from "@hilum/plugin-gaussian-blur";
import hdf5 from "@hilum/plugin-hdf5";
import prepost from "@hilum/plugin-prepost";

/** The plugins that come with Hilum: DICOM, HDF5, normalisation, Gaussian blur. */
export const defaultPlugins: readonly HilumPlugin[] = Object.freeze([dicom, hdf5, prepost, gaussianBlur]);
