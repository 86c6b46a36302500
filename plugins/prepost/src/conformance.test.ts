import { describeProcessor } from "@hilum/testing/conformance";
import { normalise } from "./normalise.ts";

describeProcessor(normalise, { configs: [{}, { scope: "phase" }, { scope: "slice" }] });
