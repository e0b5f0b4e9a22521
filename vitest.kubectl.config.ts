import { defineConfig } from 'vitest/config'

/** Tests that drive the real kubectl binary: a lane of its own, since `npm test` needs nothing but Node. */
export default defineConfig({
  test: {
    include: ['src/**/*.kubectl.test.ts', 'test/**/*.kubectl.test.ts'],
    globalSetup: ['test/compiled.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
