import { describeCodec } from "@hilum/testing/conformance";
import hdf5 from "./index.ts";

describeCodec({ codec: "hdf5", plugins: [hdf5], keepsFrames: true });
