/** Forty lives; five hundred are in lives.load.test.ts. */
import { livesOf } from './lives.suite.ts'

livesOf([1], 40)
