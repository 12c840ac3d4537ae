import { library } from '../../tooling/tsup.ts'

export default library(['src/index.ts', 'src/browser.ts'])
