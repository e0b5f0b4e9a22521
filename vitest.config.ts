import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Lanes of their own.
    exclude: [
      '**/node_modules/**',
      '**/*.{kubectl,load,sim,cluster,gateways,image,browser}.test.ts',
    ],
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
})
