/** The life of a release on a real control plane: kube-apiserver, etcd and kube-controller-manager, our pods and gateway. */
import { describe } from 'vitest'
import { realGround } from '#test/cluster/ground.ts'
import { lifeOfARelease } from './life.suite.ts'

describe('the life of a release on a real control plane', () => lifeOfARelease(realGround))
