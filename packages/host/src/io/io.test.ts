import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkOutputPlace, createOutput } from "./create-output.ts";
import { openSource } from "./open-source.ts";
import { createStagingDirectory } from "./staging-directory.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a source", () => {
  test("lists regular files by name, does not follow links or open pipes, and counts what it left out", () => {
    mkdirSync(join(folder, "b"));
    for (const name of ["z", "a", "b/c"]) writeFileSync(join(folder, name), name);
    symlinkSync("/etc/hostname", join(folder, "link"));
    symlinkSync("..", join(folder, "b/loop"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const source = openSource(folder);
    expect(source.files.map((file) => file.name)).toEqual(["a", "b/c", "z"]);
    expect(source.skippedEntries).toBe(3);
  });

  test("does not follow a link that takes the place of a folder in it after it was listed", () => {
    for (const name of ["in", "elsewhere"]) {
      mkdirSync(join(folder, name, "inner"), { recursive: true });
      writeFileSync(join(folder, name, "inner/f"), name);
    }
    const [file] = openSource(join(folder, "in")).files;
    const into = new Uint8Array(16);
    expect(new TextDecoder().decode(into.subarray(0, file?.read(into, 0)))).toBe("in");
    file?.close();
    renameSync(join(folder, "in/inner"), join(folder, "away"));
    symlinkSync("../elsewhere/inner", join(folder, "in/inner"));
    expect(() => file?.read(into, 0)).toThrow(expect.objectContaining({ code: "SOURCE_NOT_FOUND", details: { reason: "ELOOP" } }));
  });

  test("reads by place, says how much there was, and can be read again after closing", () => {
    writeFileSync(join(folder, "f"), "hello");
    const [file] = openSource(join(folder, "f")).files;
    const into = new Uint8Array(4);
    expect(file?.read(into, 3)).toBe(2);
    file?.close();
    expect(file?.read(into, 0)).toBe(4);
    expect(new TextDecoder().decode(into)).toBe("hell");
    file?.close();
  });
});

describe("an output", () => {
  test("appears whole at commit, for its owner only, with the digests of its bytes", async () => {
    const place = { path: join(folder, "out"), kind: "directory" as const };
    const output = createOutput(place);
    const file = await output.sink.file("a");
    await file.write(bytes("cd"), 2);
    await file.write(bytes("ab"), 0);
    await file.close();
    const again = await output.sink.file("a");
    await again.write(bytes("X"), 0);
    expect(existsSync(place.path)).toBe(false);
    const written = await output.commit(true);
    expect(readFileSync(join(place.path, "a"), "utf8")).toBe("Xbcd");
    // sha256sum of "Xbcd" by coreutils.
    expect(written).toEqual([{ name: "a", bytes: 4, sha256: execFileSync("sha256sum", [join(place.path, "a")], { encoding: "utf8" }).slice(0, 64) }]);
    expect(statSync(place.path).mode & 0o777).toBe(0o700);
    expect(statSync(join(place.path, "a")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  test("leaves nothing after an abort", async () => {
    const output = createOutput({ path: join(folder, "out.bin"), kind: "file", sidecar: join(folder, "out.json") });
    await (await output.sink.file()).write(bytes("x"), 0);
    await output.sink.sidecar?.write(bytes("{}"), 0);
    await output.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("takes plain names only", async () => {
    const output = createOutput({ path: join(folder, "out"), kind: "directory" });
    for (const name of ["../x", "a/b", "..", "", "a\0b"]) await expect(output.sink.file(name)).rejects.toThrow(TypeError);
    await output.abort();
  });

  test("may not lie inside an input, also by way of a link", () => {
    mkdirSync(join(folder, "in"));
    symlinkSync(join(folder, "in"), join(folder, "alias"));
    for (const path of ["in/out.h5", "alias/out.h5"])
      expect(() => checkOutputPlace({ path: join(folder, path), kind: "file" }, [join(folder, "in")])).toThrow(expect.objectContaining({ code: "INVALID_JOB" }));
  });

  test("is refused over anything that is there, a dangling link too", () => {
    symlinkSync("/nowhere", join(folder, "dangling"));
    expect(() => checkOutputPlace({ path: join(folder, "dangling"), kind: "file" }, [])).toThrow(expect.objectContaining({ code: "OUTPUT_EXISTS" }));
  });
});

describe("staging", () => {
  test("lies outside the output's directory where the file system allows it, and sweeps what dead processes left", () => {
    const target = join(folder, "out.h5");
    const staging = createStagingDirectory(target);
    const dead = execFileSync(process.execPath, ["-e", "process.stdout.write(String(process.pid))"], { encoding: "utf8" });
    const left = join(dirname(staging), basename(staging).replace(`-${process.pid}-`, `-${dead}-`));
    mkdirSync(left);
    const next = createStagingDirectory(target);
    expect(existsSync(left)).toBe(false);
    expect(existsSync(staging)).toBe(true);
    expect(statSync(staging).mode & 0o777).toBe(0o700);
    for (const one of [staging, next]) rmSync(one, { recursive: true });
  });
});
