/** The session of the document on the real control plane, with variables from a real etcd. */
import { afterAll } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { startRealCluster } from '../../../src/cli/local/real.ts'
import { crds } from './bench.ts'
import { type RealEtcd, realEtcd, rootUser } from './etcd-real.ts'
import { session } from './session.suite.ts'

let etcd: RealEtcd | undefined
afterAll(() => etcd?.stop())

session(async () => {
  etcd = await realEtcd()
  await etcd.put('/deployer/environment/mongo-url', 'mongodb://db')
  return {
    ground: () => startRealCluster({ ports: systemPorts(), crds, followDelayMs: 50 }),
    options: { deployerEtcd: etcd.url, deployerEtcdCa: etcd.caFile },
    env: { HEADGATE_ETCD_USERNAME: rootUser.name, HEADGATE_ETCD_PASSWORD: rootUser.password },
  }
}, [{ name: 'MONGO_URL', value: 'mongodb://db' }])
