/** NEAR's JSON-RPC over a chain. */
export { handleRpc } from './handle.ts'
export { toJson } from './json.ts'
export { type RpcServer, type RpcServerOptions, serveRpc } from './server.ts'
export type { NodeInfo, RpcContext } from './types.ts'
