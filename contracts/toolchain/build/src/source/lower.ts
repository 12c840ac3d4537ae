import { type NodePath, type PluginObj, type types as t, transformAsync } from '@babel/core'
import blockScoping from '@babel/plugin-transform-block-scoping'
import type { DcmlError } from '@dcml/protocol'
import { unsupported } from '../errors.ts'

/**
 * Makes a bundle cheap and fit for the engine: `let` and `const` become `var` (their checked access doubles the cost of
 * a loop), comments go, and what cannot work at run time is refused now.
 * @throws DcmlError `contract_unsupported`
 */
export async function lower(bundle: string): Promise<string> {
  let refusal: DcmlError | undefined
  const refuse = (error: DcmlError) => {
    refusal ??= error
  }
  const result = await transformAsync(bundle, {
    babelrc: false,
    configFile: false,
    sourceType: 'module',
    comments: false,
    compact: true,
    plugins: [blockScoping, forbid(refuse)],
  })
  if (refusal) throw refusal
  return result?.code ?? ''
}

const NO_PARSER = 'The parser stays behind at build time; write the code out.'

/** Methods of strings that the engine does not have. */
const STRING_METHODS: Readonly<Record<string, string>> = {
  normalize: 'Unicode normalisation is left out of the engine; normalise before the call.',
  localeCompare: 'Locales are left out of the engine; compare with < and >.',
}

function forbid(refuse: (error: DcmlError) => void): PluginObj {
  const called = new Set<string>()
  const defined = new Set<string>()
  return {
    visitor: {
      CallExpression({ node: { callee } }: NodePath<t.CallExpression>) {
        if (callee.type === 'Identifier' && callee.name === 'eval')
          refuse(unsupported('The contract calls eval.', NO_PARSER))
        if (callee.type === 'Import') refuse(unsupported('The contract imports code at run time.', NO_PARSER))
        if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier' || callee.computed) return
        const { object, property } = callee
        called.add(property.name)
        if (object.type === 'Identifier' && object.name === 'Math' && property.name === 'random')
          refuse(unsupported('The contract calls Math.random.', 'Every node must get the same: use randomSeed().'))
      },
      MetaProperty({ node }: NodePath<t.MetaProperty>) {
        if (node.meta.name === 'import') refuse(unsupported('The contract reads import.meta.', 'It has no address.'))
      },
      AwaitExpression(path: NodePath<t.AwaitExpression>) {
        if (!path.getFunctionParent())
          refuse(unsupported('A module awaits while it loads.', 'Nothing can be awaited before the first call.'))
      },
      'Method|Property'(path: NodePath) {
        const { key } = path.node as t.Method | t.Property
        if (key.type === 'Identifier') defined.add(key.name)
      },
      Program: {
        exit() {
          for (const [name, hint] of Object.entries(STRING_METHODS))
            if (called.has(name) && !defined.has(name)) refuse(unsupported(`The contract calls .${name}().`, hint))
        },
      },
    },
  }
}
