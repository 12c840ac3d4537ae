import type { ContractSource } from './read.ts'

/** The module {@link withExports} imports; `bundle.ts` serves {@link ENTER} under this name. */
export const ENTER_MODULE = 'dcml:enter'

/**
 * One call of one method, by the protocol of near-sdk-js's NearBindgen class: state in, arguments in, method, state
 * out, result out. `_call` is our base's, for its guards. A returned promise is known by what it can do: near-sdk-js asks for the class's name, which
 * minification changes, and then sends nothing.
 */
export const ENTER = `
export function enter(Contract, kind, method) {
  const state = kind === 'migrate' ? null : Contract._getState()
  if (kind === 'initialize') {
    if (state) throw new Error('Contract already initialized')
  } else if (!state && kind !== 'migrate' && Contract._requireInit()) throw new Error('Contract must be initialized')
  const contract = Contract._create()
  if (state) Contract._reconstruct(contract, state)
  const args = Contract._getArgs()
  const result = Contract._call ? Contract._call(contract, method, args) : contract[method](args)
  if (kind !== 'view') Contract._saveToStorage(contract)
  if (result === undefined) return
  if (typeof result?.onReturn === 'function') result.onReturn()
  else env.value_return(Contract._serialize(result, true))
}`

/** The entry's text with one exported function for each decorated method; line numbers stay. */
export function withExports({ text, className, methods }: ContractSource): string {
  const lines = methods.map(
    ({ name, kind }) =>
      `const __dcml_${name} = () => __dcml_enter(${className}, '${kind}', '${name}'); export { __dcml_${name} as ${name} }`,
  )
  return [text, `import { enter as __dcml_enter } from '${ENTER_MODULE}'`, ...lines].join('\n')
}

/** All names the chain can call, in the order of the source. */
export const exportedNames = ({ methods, functions }: ContractSource): string[] => [
  ...methods.map(({ name }) => name),
  ...functions,
]
