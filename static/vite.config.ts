import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const server = 'http://127.0.0.1:8000'

export default defineConfig({
  base: '/static/',
  plugins: [svelte()],
  build: {
    manifest: 'manifest.json',
    // A data: URI would need a wider content security policy.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      '/api': server,
      '/openapi.json': server,
      '/asyncapi.json': server,
      '/socket.io': { target: server, ws: true },
    },
  },
  // Runes run only in Svelte's client build, which vitest does not pick by itself.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: {
    // One jsdom for all: specs leave nothing behind, and making one for each file took most of the time.
    environment: 'jsdom',
    isolate: false,
    fileParallelism: false,
    include: ['src/**/*.spec.ts'],
    testTimeout: 5_000,
  },
})
