/** The document's demo on the local cluster. */
import { describe } from 'vitest'
import { demoOfTheDocument } from './demo.suite.ts'
import { sharedStage } from './stage.ts'

describe('the demo of the document', () => demoOfTheDocument(sharedStage()))
