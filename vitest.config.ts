import { defineConfig } from "vitest/config";

/** One configuration for every project; `--mode integration` picks the tests that cross packages or need outside programs. */
export default defineConfig(({ mode }) => ({
  resolve: { conditions: ["hilum-source", "node"] },
  ssr: { resolve: { conditions: ["hilum-source", "node"] } },
  test: {
    include: mode === "integration" ? ["src/**/*.int.test.ts"] : ["src/**/*.test.ts"],
    exclude: mode === "integration" ? [] : ["src/**/*.int.test.ts"],
    passWithNoTests: true,
    testTimeout: mode === "integration" ? 120_000 : 60_000,
    hookTimeout: 120_000,
  },
}));
