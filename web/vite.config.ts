import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env['KINORA'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  // Nothing is inlined: the page's policy takes files of this server, and no other way in.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  worker: { format: 'es' },
  server: { proxy: { '/api': server, '/files': server, '/metrics': server, '/chat': { target: server, ws: true } } },
  // Keys are made in some, and a machine may be busy.
  test: { include: ['tests/**/*.test.ts'], testTimeout: 60_000 },
});
