import { packageOf } from "../imports.ts";
import type { Rule, Violation } from "../rule.ts";

interface Door {
  readonly libraries: RegExp;
  /** Where these libraries may be imported, as the beginning of a path. */
  readonly within: string | readonly string[];
  /** Whether one shipped file alone may import each of them. */
  readonly oneFile?: true;
  readonly why: string;
}

const DOORS: readonly Door[] = [
  { libraries: /^(inversify|@inversifyjs\/.*|reflect-metadata(\/.*)?)$/, within: "packages/host/src/composition/", why: "only the composition of a host knows the container, so that nothing can look services up behind its back" },
  { libraries: /^(dcmjs.*|@cornerstonejs\/.*)$/, within: "plugins/dicom/", oneFile: true, why: "DICOM libraries stay in the DICOM plugin behind one file, which can silence, check and replace them" },
  { libraries: /^h5wasm$/, within: "plugins/hdf5/", oneFile: true, why: "the HDF5 library stays in the HDF5 plugin behind one file, which loads it late and checks what it returns" },
  { libraries: /^commander$/, within: "packages/cli/", why: "only the command line parses arguments" },
  { libraries: /^zod$/, within: ["plugins/", "packages/server/"], why: "hosts and contracts take any Standard Schema; the library is the choice of who writes a schema" },
];

/** Each library with a way of its own is imported only where the architecture gives it a door. */
export const libraryDoors: Rule = ({ projects }) => {
  const sources = projects.flatMap((project) => project.sources);
  return DOORS.flatMap(({ libraries, within, oneFile, why }): Violation[] => {
    const uses = sources.flatMap(({ path, role, imports }) =>
      imports.flatMap(({ specifier, line }) => {
        const library = packageOf(specifier) ?? "";
        return libraries.test(library) ? [{ path, role, line, library }] : [];
      }),
    );
    const inside = (path: string): boolean => [within].flat().some((start) => path.startsWith(start));
    const outside = uses.filter(({ path }) => !inside(path)).map(({ path, line, library }) => ({ place: `${path}:${line}`, reason: `imports ${library}: ${why}` }));
    if (oneFile === undefined) return outside;
    const shipped = Map.groupBy(uses.filter(({ path, role }) => inside(path) && role === "shipped"), ({ library }) => library);
    return [
      ...outside,
      ...[...shipped].flatMap(([library, all]) => {
        const door = all[0]?.path ?? "";
        return all.filter(({ path }) => path !== door).map(({ path, line }) => ({ place: `${path}:${line}`, reason: `imports ${library} beside ${door}: ${why}` }));
      }),
    ];
  });
};
