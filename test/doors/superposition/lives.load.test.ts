/** Five hundred lives of experiments; see lives.suite.ts. */
import { livesOf } from './lives.suite.ts'

livesOf([2, 3, 4, 5, 6], 100)
