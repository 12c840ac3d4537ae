import { library } from '../../tooling/tsup.ts'

export default library(['src/index.ts', 'src/model.ts', 'src/por.ts'])
