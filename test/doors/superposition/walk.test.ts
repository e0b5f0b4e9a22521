/** The worked example, its requests sent by Node: GET with a body, as the document has them. */
import { sendByGet, sharedScene } from './scene.ts'
import { workedExample } from './walk.suite.ts'

workedExample(sharedScene(), sendByGet)
