/** The level of a log that runs: a real process, a real signal. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'

const program = `
import { createLog } from '#controller/log.ts'
import { debugOnSignal } from './src/cli/log-level.ts'
const log = createLog('warn')
debugOnSignal(log)
const tell = () => { log.debug({}, 'fine'); log.warn({}, 'end of turn') }
process.stdin.on('data', tell)
log.warn({}, 'ready')
`

test('SIGUSR2 turns debug on, and off again', async () => {
  const args = ['--input-type=module', '--eval', program]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'pipe'] })
  const lines = createInterface(child.stderr)[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value } = await lines.next()
    return (JSON.parse(String(value)) as { readonly msg: string }).msg
  }
  const turn = async (): Promise<readonly string[]> => {
    child.stdin.write('\n')
    const told: string[] = []
    for (let line = await next(); ; line = await next()) {
      told.push(line)
      if (line === 'end of turn') return told
    }
  }
  try {
    expect(await next()).toBe('ready')
    expect(await turn()).toEqual(['end of turn'])
    child.kill('SIGUSR2')
    expect(await next()).toBe("the log's level is debug now")
    expect(await turn()).toEqual(['fine', 'end of turn'])
    child.kill('SIGUSR2')
    expect(await next()).toBe("the log's level is warn now")
    expect(await turn()).toEqual(['end of turn'])
  } finally {
    child.kill('SIGKILL')
  }
})
