// Child process of the proxy bench: the runtime in front of an OpenAI-compatible engine. Tells its CPU time when asked.
import { openAiUpstreamLoader } from '@dcml/runtime'
import { startDevHost } from '../test/dev-host.ts'

const [, container, baseUrl] = process.argv.slice(2) as [string, string, string]
const { endpoint, imageH, rootPem } = await startDevHost(container, openAiUpstreamLoader({ baseUrl }))
process.on('message', () => process.send!(process.cpuUsage()))
process.send!({ plain: baseUrl, port: endpoint.port, imageH, rootPem })
