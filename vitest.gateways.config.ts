import { defineConfig } from 'vitest/config'

/** Further gateways than the one of the cluster lane: not in CI, their results stand dated in docs/gateways.md. */
export default defineConfig({
  test: {
    include: ['test/**/*.gateways.test.ts'],
    globalSetup: ['test/compiled.ts', 'test/gateways/setup.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
