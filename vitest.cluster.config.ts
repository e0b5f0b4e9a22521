import { defineConfig } from 'vitest/config'

/** Tests against a real control plane: a lane of its own, since its programs are built with Go or brought along. */
export default defineConfig({
  test: {
    include: ['src/**/*.cluster.test.ts', 'test/**/*.cluster.test.ts'],
    globalSetup: ['test/cluster/setup.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})
