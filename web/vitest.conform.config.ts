import { defineConfig } from 'vitest/config';

// Two engines that were written apart, with each other.
export default defineConfig({ test: { include: ['conform/**/*.test.ts'], retry: 0, testTimeout: 300_000, hookTimeout: 60_000 } });
