import { convertSuite } from "./convert-suite.ts";
import { isQuiet } from "./machine.ts";

const SUITES: Readonly<Record<string, (rounds: number) => Promise<void>>> = { convert: convertSuite };

const [name = "", ...rest] = process.argv.slice(2);
const suite = SUITES[name];
if (suite === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(SUITES).join("|")} [--rounds N]\n`);
  process.exitCode = 2;
} else {
  const at = rest.indexOf("--rounds");
  const rounds = at < 0 ? 11 : Number(rest[at + 1]);
  if (!(await isQuiet())) process.stdout.write("NOT QUIET: the cores are busy with something else; the ratios below are not fit to be quoted.\n");
  await suite(rounds);
  if (!(await isQuiet())) process.stdout.write("NOT QUIET at the end: the ratios above are not fit to be quoted.\n");
}
