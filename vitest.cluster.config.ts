import { defineConfig } from 'vitest/config'

/** Tests against a real control plane: a lane of its own, since its programs are built with Go or brought along. */
export default defineConfig({
  test: {
    include: ['src/**/*.cluster.test.ts', 'test/**/*.cluster.test.ts'],
    globalSetup: ['test/compiled.ts', 'test/cluster/setup.ts'],
    // Each file has a control plane of its own, and waits more than half of the time.
    maxWorkers: 3,
    // Limits say that something hangs, never that a machine is busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
