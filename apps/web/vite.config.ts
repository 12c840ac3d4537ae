import { createHash } from 'node:crypto'
import { defineConfig, type Plugin } from 'vite'
import { viteSingleFile } from 'vite-plugin-singlefile'

/**
 * One file that can be kept and opened without a network. Its own policy forbids it every connection: nothing that is
 * dropped on it can leave, whatever the evidence contains.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  resolve: { conditions: ['@dcml/source', 'module', 'browser', 'import', 'default'] },
  build: { target: 'es2022', outDir: 'dist', emptyOutDir: true },
  plugins: [viteSingleFile(), contentSecurityPolicy()],
  logLevel: 'warn',
})

function contentSecurityPolicy(): Plugin {
  const hashes = (html: string, tag: string): string =>
    [...html.matchAll(new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`, 'g'))]
      .map(([, content = '']) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`)
      .join(' ')
  return {
    name: 'content-security-policy',
    apply: 'build',
    enforce: 'post',
    // after everything was put inline
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== 'asset' || !file.fileName.endsWith('.html')) continue
          const html = String(file.source)
          const policy = [
            "default-src 'none'",
            `script-src ${hashes(html, 'script')}`,
            `style-src ${hashes(html, 'style')}`,
            'img-src data:',
            "base-uri 'none'",
            "form-action 'none'",
          ].join('; ')
          file.source = html.replace(
            '<meta charset="utf-8" />',
            () => `<meta charset="utf-8" />\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
          )
        }
      },
    },
  }
}
