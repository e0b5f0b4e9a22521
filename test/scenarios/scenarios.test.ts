/** The life of a release on the local cluster. */
import { describe } from 'vitest'
import { lifeOfARelease } from './life.suite.ts'
import { localGround } from './stage.ts'

describe('the life of a release', () => lifeOfARelease(localGround))
