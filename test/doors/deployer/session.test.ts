/** The session of the document on the local cluster. */
import { session } from './session.suite.ts'

session({ speed: 4 })
