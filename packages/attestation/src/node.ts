/**
 * The attested channel of Node: TLS 1.3, with evidence bound to the very connection it came over.
 * @packageDocumentation
 */
export { selfSignedCertificate } from './node/certificate.ts'
export {
  type AttestedConnection,
  type AttestOptions,
  type ConnectOptions,
  connectAttested,
} from './node/connect.ts'
export { attestedConnector, type Connector, type ConnectorOptions, type ConnectorTarget } from './node/connector.ts'
export {
  type BrowserSession,
  createEnclave,
  type Enclave,
  type EnclaveOptions,
  type QuoteSubject,
} from './node/enclave.ts'
export { type PeerConnection, PeerExchange, type PeerExchangeOptions } from './node/peer-exchange.ts'
export { type PostAnswer, postOver } from './node/post.ts'
