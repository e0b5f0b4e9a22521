/** Five hundred lives of experiments; see lives.suite.ts. */
import { livesOf } from './lives.suite.ts'

livesOf([1, 2, 3, 4, 5])
