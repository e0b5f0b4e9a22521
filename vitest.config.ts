import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Lanes of their own.
    exclude: [
      '**/node_modules/**',
      '**/*.{kubectl,load,sim,cluster,gateways,image,browser}.test.ts',
    ],
    // Many wait for real time to pass, so that three keep two cores busy.
    maxWorkers: 3,
    // One world of modules a worker: half of the time went into loading the same ones for each file.
    isolate: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
})
