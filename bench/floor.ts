/** What Node itself takes for what any controller needs: an HTTP listener and a TLS connection to the API server. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { parse } from 'yaml'

const program = `
  const https = require('node:https')
  const { server, ca, cert, key } = JSON.parse(process.argv[1])
  require('node:http').createServer().listen(0, '127.0.0.1', () => {
    const agent = new https.Agent({ keepAlive: true })
    https.get(server + '/version', { ca, cert, key, agent }, (answer) => {
      answer.resume().on('end', () => setTimeout(() => {
        console.log(process.memoryUsage.rss())
        process.exit()
      }, 1000))
    })
  })`

type Kubeconfig = {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }]
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }]
}

/** Resident bytes. */
export async function floorOf(kubeconfig: string): Promise<number> {
  const { clusters, users } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig
  const [{ cluster }] = clusters
  const [{ user }] = users
  const pem = (base64: string | undefined): string | undefined =>
    base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString()
  const where = {
    server: cluster['server'],
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  }
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['-e', program, JSON.stringify(where)])
  return Number(stdout)
}
