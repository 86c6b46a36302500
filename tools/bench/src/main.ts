import { convertSuite } from "./convert-suite.ts";
import { inspectSuite } from "./inspect-suite.ts";
import { isQuiet } from "./machine.ts";
import { serveSuite } from "./serve-suite.ts";

interface Suite {
  /** What says how much is measured, and how much that is where it is left out. */
  readonly option: "--rounds" | "--seconds";
  readonly amount: number;
  readonly run: (amount: number) => Promise<void>;
}

const SUITES: Readonly<Record<string, Suite>> = {
  convert: { option: "--rounds", amount: 11, run: convertSuite },
  inspect: { option: "--rounds", amount: 11, run: inspectSuite },
  serve: { option: "--seconds", amount: 60, run: serveSuite },
};

const [name = "", ...rest] = process.argv.slice(2);
const suite = SUITES[name];
if (suite === undefined) {
  process.stderr.write(Object.entries(SUITES).map(([known, { option }]) => `usage: npm run bench -- ${known} [${option} N]\n`).join(""));
  process.exitCode = 2;
} else {
  const at = rest.indexOf(suite.option);
  const amount = at < 0 ? suite.amount : Number(rest[at + 1]);
  if (!(await isQuiet())) process.stdout.write("NOT QUIET: the cores are busy with something else; the numbers below are not fit to be quoted.\n");
  await suite.run(amount);
  if (!(await isQuiet())) process.stdout.write("NOT QUIET at the end: the numbers above are not fit to be quoted.\n");
}
