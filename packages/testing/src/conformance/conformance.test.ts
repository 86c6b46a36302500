import { describeCodec } from "./describe-codec.ts";
import { PHANTOM_INPUTS } from "./codec-input.ts";
import { describeProcessor } from "./describe-processor.ts";
import { describeReader } from "./describe-reader.ts";
import { toyPlugin } from "./fixtures/toy-codec.ts";
import { centre, meanOfNeighbours } from "./fixtures/toy-processors.ts";
import { phantomPlugin } from "../phantom-codec.ts";

describeCodec({ codec: "toy", plugins: [toyPlugin("none")], keepsFrames: true });
describeReader({ codec: "phantom", plugins: [phantomPlugin], inputs: PHANTOM_INPUTS });
describeProcessor(centre);
describeProcessor(meanOfNeighbours);
