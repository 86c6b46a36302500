import { describeProcessor } from "@hilum/testing/conformance";
import { gaussianBlur } from "./gaussian-blur.ts";

describeProcessor(gaussianBlur, { configs: [{}, { sigma: [0, 2, 5], mode: "wrap" }, { sigma: 3, mode: "mirror" }] });
