import { dirname } from 'node:path'
import { installLauncher } from '@dcml/devchain'
import { Worker } from 'near-workspaces'

/**
 * A near-workspaces worker on the binary that `NEAR_SANDBOX_BIN_PATH` names, or on our devchain. near-workspaces 5
 * looks for a file `near-sandbox` in the folder of the second variable, and forgets that folder unless the first is set.
 */
export async function startWorker(): Promise<Worker> {
  const given = process.env.NEAR_SANDBOX_BIN_PATH
  const { binPath, dir } = given ? { binPath: given, dir: dirname(given) } : installLauncher()
  Object.assign(process.env, {
    NEAR_SANDBOX_BIN_PATH: binPath,
    NEAR_SANDBOX_BINARY_PATH: dir,
    NEAR_WORKSPACES_NO_LOGS: '1',
  })
  return Worker.init()
}
