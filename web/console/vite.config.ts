import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

/** Where `npm run dev` finds a running server; the built console is served by the server itself. */
const server = process.env.TILLGUARD_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  // A line break between words is a space here as in any HTML: the formatter may put one anywhere a space is.
  plugins: [vue({ template: { compilerOptions: { whitespace: 'preserve' } } })],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    // Shop phones and terminals' web views are years old.
    target: ['es2020', 'chrome87', 'safari14', 'firefox90'],
    assetsDir: 'assets',
    // Inlined assets would need `data:` in the server's content policy.
    assetsInlineLimit: 0,
    // Says which files belong to which page, for the service worker; gone from what is served.
    manifest: true,
    chunkSizeWarningLimit: 300,
    // What several pages share is one file: on a slow network each file costs a way there and back.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'kit', test: /\/src\/(components|format|list|terminal|[a-z]+\.ts)/, minShareCount: 2 },
          ],
        },
      },
    },
  },
  // The server confines what lies in this folder (`Confined` in crates/api/src/edge.rs).
  worker: { rolldownOptions: { output: { entryFileNames: 'assets/confined/[name]-[hash].js' } } },
  test: { environment: 'happy-dom', restoreMocks: true },
  server: { proxy: { '/api': server } },
})
