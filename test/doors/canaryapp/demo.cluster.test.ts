/** The document's demo on a real control plane, with the real definitions of Istio. */
import { describe } from 'vitest'
import { realGround } from '#test/cluster/ground.ts'
import { demoOfTheDocument } from './demo.suite.ts'
import { sharedStage } from './stage.ts'

const pace = { trafficShiftUpdateInterval: 5, deploymentReadyWaitTime: 2 } as const

describe('the demo of the document on a real control plane', () =>
  demoOfTheDocument(sharedStage(realGround), pace))
