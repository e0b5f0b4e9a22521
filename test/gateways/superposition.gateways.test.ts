/** The Superposition door's worked example by curl, Traefik carrying its traffic by canary Ingresses of ingress-nginx. */
import { describe } from 'vitest'
import { fromOutside } from '../cluster/from-outside.ts'
import { sendByCurl, sharedScene } from '../doors/superposition/scene.ts'
import { workedExample } from '../doors/superposition/walk.suite.ts'
import { traefikGround } from './traefik.ts'

const ground = async () => fromOutside(await traefikGround())

describe('the worked example through Traefik', () =>
  workedExample(sharedScene({ ground, defaultSettle: true }), sendByCurl, {
    perSecond: 100,
    tell: (line) => console.log(`Traefik for ingress-nginx, worked example: ${line}`),
  }))
