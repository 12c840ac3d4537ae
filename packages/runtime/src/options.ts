import type { Environment, Policy, TeeBackend } from '@dcml/attestation'
import type { Logger } from 'pino'
import type { AntiRollbackDevice } from './anti-rollback/device.ts'
import type { BrowserOptions } from './browser/listener.ts'
import type { EngineLoader } from './engine/engine.ts'
import type { Limits } from './limits.ts'
import type { Listener, ListenOptions } from './listener.ts'
import type { ModelState } from './model/host.ts'
import type { ModelSource } from './model/source.ts'

/** What a runtime is started with. */
export interface RuntimeOptions {
  readonly tee: TeeBackend
  /**
   * Exact bytes of the image manifest this workload was started from. It also names models and chain; with a
   * `trustRoot`, completions are paid for (paper §6), which takes `provider`, `state`, `antiRollback` and a TEE with
   * a sealing key. On dstack it is the app-compose text, as `DstackBackend.manifest` gives it, and nothing is paid for.
   */
  readonly manifest: Uint8Array
  readonly loader: EngineLoader
  /** Reads sealed models. Default: `DCMW` containers, opened into tmpfs of this machine once it was found safe. */
  readonly source?: ModelSource
  /** Path of the sealed model to load at once, as by `load_model`. */
  readonly model?: string
  /** The attested port. */
  readonly listen: ListenOptions
  /** Health, readiness, metrics and `load_model`, in the clear: a port the outside must not reach. */
  readonly admin: ListenOptions
  /** The port for browsers. Default: none. */
  readonly browser?: BrowserOptions
  /** Default `production`, which refuses a simulated TEE. */
  readonly environment?: Environment
  /**
   * Whom to exchange model keys with, beyond what always holds: this enclave's own image, UpToDate, a quote of the
   * very connection. Without it no boot image is accepted and so no key passes between enclaves. It belongs to the
   * measured image: a host that chose it could choose who gets the key.
   */
  readonly peers?: { readonly policy: Policy; readonly roots?: readonly (Uint8Array | string)[] }
  /**
   * The host's account at the model contract: channels with any other provider are not taken up, since any provider may
   * admit any session key there.
   */
  readonly provider?: string
  /** Folder for the sealed state of payment channels, on a disk that outlives the process. */
  readonly state?: string
  /** Remembers which state is the last, where the host cannot turn it back (paper §6.1). Closed with the runtime, or when the start fails. */
  readonly antiRollback?: AntiRollbackDevice
  /** Bearer token with which `load_model` may also be called on the attested port. Default: it may not. */
  readonly operatorToken?: string
  readonly limits?: Partial<Limits>
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
  /** Default: JSON lines on standard output. */
  readonly logger?: Logger
  /** Stops the runtime as `close` does. */
  readonly signal?: AbortSignal
}

/** A runtime that is listening. */
export interface Runtime {
  readonly address: Listener['address']
  readonly adminAddress: Listener['address']
  /** Of the port for browsers, where there is one. */
  readonly browserAddress?: Listener['address']
  readonly imageH: Uint8Array
  /** Ed25519 key that signs this runtime's receipts; verifiers read it from the evidence. */
  readonly sessionKey: Uint8Array
  state(): ModelState
  /** Lets answers under way finish for `limits.drainMs`, then ends them with an error, and frees everything. */
  close(): Promise<void>
}
