import { parseSync } from '@babel/core'
import type { Plugin } from 'esbuild'

const SDK = 'near-sdk-js'

/**
 * Lets the bundler leave out what a contract does not use of near-sdk-js, some 40 KB of wasm: the SDK does not say that
 * its modules have no side effects, and offers its host functions as one object, which keeps all of them alive.
 */
export const slimNearSdk: Plugin = {
  name: 'slim near-sdk-js',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, pluginData, ...rest }) => {
      const ofSdk = path === SDK || path.startsWith(`${SDK}/`) || rest.importer.includes(`/node_modules/${SDK}/lib/`)
      if (pluginData === slimNearSdk || !ofSdk) return
      const resolved = await resolve(path, { ...rest, pluginData: slimNearSdk })
      return { ...resolved, sideEffects: false }
    })
  },
}

/** The text with `near` imported from the module that holds the functions; columns in the import's line may move. */
export function withDirectNear(path: string, text: string): string {
  if (!text.includes(SDK)) return text
  const file = parseSync(text, {
    filename: path,
    babelrc: false,
    configFile: false,
    parserOpts: { plugins: ['typescript', 'decorators-legacy'] },
  })
  let result = text
  for (const statement of file?.program.body.toReversed() ?? []) {
    if (statement.type !== 'ImportDeclaration' || statement.source.value !== SDK) continue
    const near = statement.specifiers.find(
      (s) => s.type === 'ImportSpecifier' && s.imported.type === 'Identifier' && s.imported.name === 'near',
    )
    if (!near) continue
    const others = statement.specifiers.filter((s) => s !== near).map((s) => text.slice(s.start ?? 0, s.end ?? 0))
    const lines = text.slice(statement.start ?? 0, statement.end ?? 0).replaceAll(/[^\n]/g, '')
    const imports = `import { ${others.join(', ')} } from '${SDK}';import * as ${near.local.name} from '${SDK}/lib/api.js'`
    result = result.slice(0, statement.start ?? 0) + imports + lines + result.slice(statement.end ?? 0)
  }
  return result
}
